/** Types of envoy.mjs, for TypeScript programs (e2e, the conformance gate) that import it. */
export declare const defaultEnvoyVersion: string;
export declare function findEnvoy(options?: { version?: string; say?: (text: string) => void }): Promise<string>;
export declare function envoyVersion(binary: string): Promise<string>;
