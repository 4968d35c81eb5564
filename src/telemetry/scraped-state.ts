/** What is looked up only when somebody scrapes. */

export interface ScrapedState {
  readonly services: number;
  readonly virtualServices: number;
  readonly configErrors: number;
  readonly refusedHosts: number;
  /** When root, signing, and the first of the workloads' certificates end, in seconds since the epoch; undefined without any. */
  readonly rootExpiry: number;
  readonly chainExpiry: number;
  readonly workloadExpiry: number | undefined;
  readonly conflicts: Conflicts;
  readonly clusters: { readonly local: number; readonly remote: readonly string[] };
  readonly xds: { readonly queued: number; readonly bufferedBytes: number; readonly openChanges: number };
  readonly graph: {
    readonly revision: number;
    readonly runs: number;
    readonly memos: number;
    readonly edges: number;
    readonly cells: number;
    readonly idle: number;
    readonly watches: number;
    readonly rows: Readonly<Record<string, number>>;
  };
}

/** What is doubtful in the mesh at present (MT-004). Istiod counts it for the proxies of a push, here it is counted for the whole mesh. */
export interface Conflicts {
  /** Endpoints of slices whose pod is not known. */
  readonly endpointsWithoutPod: number;
  /** Connected sidecars that no service selects. */
  readonly proxiesWithoutService: number;
  /** Connected sidecars that are an endpoint which is not ready. */
  readonly proxiesNotReady: number;
  /** Ports of connected sidecars that services call by different protocols. */
  readonly inboundPorts: number;
  /** TCP ports without an address of their own that more than one service has. */
  readonly outboundTcpPorts: number;
  /** Hostname and port that services of several namespaces have. */
  readonly clusterNames: number;
  /** Service ports without any endpoint. */
  readonly emptyClusters: number;
  /** The same of services that are resolved by DNS. */
  readonly emptyDnsClusters: number;
  /** Hosts that several VirtualServices route for sidecars. */
  readonly virtualServiceHosts: number;
  /** Subsets that an older DestinationRule for the same host has. */
  readonly subsets: number;
}
