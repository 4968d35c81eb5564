/** Where proxies connect: plaintext on loopback, and TLS with a certificate of our own CA that follows its root. */
import type { SecureContextOptions } from 'node:tls';
import type { CertificateAuthority } from '../ca/authority.js';
import { ServerCertificate } from '../ca/server-certificate.js';
import type { Logger } from '../telemetry/log.js';
import type { XdsServer } from '../xds/server.js';
import type { Http2GrpcServer } from '../xds/transport/http2-server.js';
import type { Address, ServeOptions } from './options.js';

export interface XdsListenersParts {
  readonly options: Pick<ServeOptions, 'xdsAddress' | 'xdsTlsAddress' | 'tlsSan'>;
  readonly xds: XdsServer;
  readonly authority: CertificateAuthority;
  readonly log: Logger;
  /** A transport with all services on it. */
  readonly create: (tls: boolean) => Http2GrpcServer;
  /** Told how to close, before anything listens. */
  readonly onClose: (close: (graceMs: number) => void | Promise<void>) => void;
}

export async function listenXds({ options, xds, authority, log, create, onClose }: XdsListenersParts): Promise<{ plain?: Address; tls?: Address }> {
  const { xdsAddress, xdsTlsAddress, tlsSan } = options;
  const servers: Http2GrpcServer[] = [];
  // Streams first hear that they should go, then their connections close.
  onClose(async (graceMs) => {
    const closing = servers.map((server) => server.close(graceMs + 500));
    await xds.close(graceMs);
    await Promise.all(closing);
  });
  const open = async (at: Address, tls?: SecureContextOptions): Promise<{ server: Http2GrpcServer; address: Address }> => {
    const server = create(tls !== undefined);
    const { address, port } = await server.listen({ ...at, ...(tls && { tls }) });
    servers.push(server);
    return { server, address: { host: address, port } };
  };
  const plain = xdsAddress && (await open(xdsAddress));
  if (xdsTlsAddress === undefined) return { ...(plain && { plain: plain.address }) };
  const certificate = new ServerCertificate(authority, {
    hosts: [...tlsSan, ...(isWildcard(xdsTlsAddress.host) ? [] : [xdsTlsAddress.host])],
    onRotate: (credentials) => secure.server.setSecureContext(credentials),
    onError: (error) => log.error({ err: error }, 'the server certificate could not be renewed; trying again'),
  });
  onClose(() => certificate.close());
  const secure = await open(xdsTlsAddress, await certificate.current());
  return { ...(plain && { plain: plain.address }), tls: secure.address };
}

const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::';
