/** Types of demo-shop.mjs. */
export interface ShopWorkload {
  readonly name: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly ip: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly type: 'sidecar' | 'router';
  /** Where its application listens; a gateway has none. */
  readonly app: { readonly host: string; readonly port: number; readonly service: string; readonly version: string } | undefined;
  /** URL of its sidecar's listener for outbound calls. */
  readonly egress: string | undefined;
}
export interface Shop {
  readonly workloads: readonly ShopWorkload[];
  readonly outside: readonly { readonly name: string; readonly ip: string; readonly port: number; readonly host: string }[];
  readonly gateway: { readonly ip: string; readonly port: number } | undefined;
}
export declare const checkout: string;
export declare const shopFolder: string;
export declare function readShop(meshFolder?: string): Shop;
export declare function readAddresses(): { addresses: { written: string; loopback: string }[]; ports: number[] };
export declare function placeShop(target: string, prefixes: readonly (readonly [string, string])[], ports: ReadonlyMap<number, number>): void;
