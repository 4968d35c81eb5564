/**
 * Where a proxy gets its certificates, as a text that can be part of a key: proxies with equal sources share what they are served.
 * https://istio.io/latest/docs/reference/commands/pilot-agent/
 */

/**
 * Istio's agent (cluster `sds-grpc`) or our own SDS over the ADS stream. Servers of somebody else may be mounted beside it: `+socket` for
 * credentials named `sds://…`, `+files` for certificates in files (GW-017). After a blank, in JSON, the files that the node has in place of what
 * SDS serves workloads (PA-010).
 */
export type CertificateSource = `${'agent' | 'ads'}${'' | '+socket'}${'' | '+files'}${'' | ` ${string}`}`;

export const hasAgent = (source: CertificateSource): boolean => source.startsWith('agent');
export const hasCredentialSocket = (source: CertificateSource): boolean => serversOf(source).includes('+socket');
export const hasFilesSocket = (source: CertificateSource): boolean => serversOf(source).endsWith('+files');

const serversOf = (source: CertificateSource): string => source.split(' ', 1)[0] ?? '';

/** Paths in the proxy's own file system. */
export interface CertificatePair {
  readonly certificate: string;
  readonly key: string;
}

/** What a node names for one side. */
export interface CertificateFiles {
  readonly pair?: CertificatePair;
  readonly root?: string;
}

interface OwnFiles {
  readonly server?: CertificateFiles;
  readonly client?: CertificateFiles & { readonly pair: CertificatePair };
}

/** Of the side that accepts connections: each of the two stands for itself. */
export const serverFiles = (source: CertificateSource): CertificateFiles => ownFiles(source).server ?? {};

/** Of the side that connects: with a certificate or not at all. */
export const clientFiles = (source: CertificateSource): OwnFiles['client'] => ownFiles(source).client;

function ownFiles(source: CertificateSource): OwnFiles {
  const at = source.indexOf(' ');
  return at < 0 ? {} : (JSON.parse(source.slice(at + 1)) as OwnFiles);
}

/** Reads a node's metadata; `isStock`: without Istio's agent. Sockets are told of as the agent does, which looks for them when it starts. */
export function certificateSource(metadata: Readonly<Record<string, unknown>>, isStock: boolean): CertificateSource {
  const text = (key: string): string | undefined => {
    const value = metadata[key];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const base = text('MIZZEN_CERTIFICATES') === 'ads' || isStock ? 'ads' : 'agent';
  const socket = text('credential') === 'true' ? '+socket' : '';
  const files = text('file-credential') === 'true' ? '+files' : '';
  const server = filesOf(text, 'SERVER');
  const client = filesOf(text, 'CLIENT');
  const own: OwnFiles = {
    ...(server.pair === undefined && server.root === undefined ? {} : { server }),
    ...(client.pair === undefined ? {} : { client: { ...client, pair: client.pair } }),
  };
  return Object.keys(own).length === 0 ? `${base}${socket}${files}` : `${base}${socket}${files} ${JSON.stringify(own)}`;
}

/** A certificate without its key, or the other way round, counts as none. */
function filesOf(text: (key: string) => string | undefined, side: 'SERVER' | 'CLIENT'): CertificateFiles {
  const [certificate, key, root] = ['CERT_CHAIN', 'KEY', 'ROOT_CERT'].map((part) => text(`TLS_${side}_${part}`));
  return {
    ...(certificate !== undefined && key !== undefined && { pair: { certificate, key } }),
    ...(root !== undefined && { root }),
  };
}
