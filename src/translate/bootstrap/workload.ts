/** What a bootstrap is made for: facts of one workload that its settings depend on. */
export interface Workload {
  readonly namespace: string;
  /** Of the instance; names the workload where no label does. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly addresses: readonly string[];
  /** What `$(HOST_IP)` stands for in addresses of collectors. */
  readonly hostIp?: string;
}

/** JSON in the names of the proto files. */
export type Json = Record<string, unknown>;
