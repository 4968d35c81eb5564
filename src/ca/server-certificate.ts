/**
 * The certificate of our own TLS listener (15012; CA-016), signed by our own CA so that a proxy needs only the root to trust it.
 * Rotated without a restart: the callback hands the new one to `tls.Server.setSecureContext`.
 */
import { isIP } from 'node:net';
import type { CertificateAuthority, IssuedCertificate } from './authority.js';
import { type Clock, systemClock } from './clock.js';
import { Renewal } from './renewal.js';

/** What `tls.createServer` and `setSecureContext` take. */
export interface ServerCredentials {
  readonly key: string;
  readonly cert: string;
  /** Roots that client certificates may come from. */
  readonly ca: string;
}

/** Settings of the server certificate. */
export interface ServerCertificateOptions {
  /** DNS names and IP addresses that proxies dial, beside the built-in ones. */
  readonly hosts?: readonly string[];
  /** @default the authority's default TTL */
  readonly ttlMs?: number;
  readonly clock?: Clock;
  readonly random?: () => number;
  /** Called with each certificate after the first; give it to `setSecureContext`. */
  readonly onRotate: (credentials: ServerCredentials) => void;
  readonly onError?: (error: unknown) => void;
}

/** `istiod.istio-system.svc` is what Istio's agent expects of a control plane; `mizzen` what our bootstrap asks for. */
const builtInNames = ['mizzen', 'localhost', 'istiod.istio-system.svc'];
const builtInIps = ['127.0.0.1', '::1'];

/** The server certificate with its rotation. */
export class ServerCertificate {
  readonly #renewal: Renewal<IssuedCertificate>;
  readonly #endSignerWatch: () => void;

  constructor(authority: CertificateAuthority, options: ServerCertificateOptions) {
    const { hosts = [], ttlMs, clock = systemClock, random = Math.random, onRotate, onError } = options;
    const dnsNames = [...new Set([...builtInNames, ...hosts.filter((host) => isIP(host) === 0)])];
    const ips = [...new Set([...builtInIps, ...hosts.filter((host) => isIP(host) !== 0)])];
    let isFirst = true;
    this.#renewal = new Renewal<IssuedCertificate>({
      clock,
      random,
      issue: () => authority.issueServer(ttlMs === undefined ? { dnsNames, ips } : { dnsNames, ips, ttlMs }),
      onIssued: (certificate) => {
        if (!isFirst) onRotate(credentials(certificate));
        isFirst = false;
      },
      onError: (error) => onError?.(error),
    });
    this.#endSignerWatch = authority.onSignerChange(() => this.#renewal.renewNow());
  }

  /** What to serve with now; the first call makes it and starts rotation. */
  async current(): Promise<ServerCredentials> {
    return credentials(await this.#renewal.current());
  }

  /** Ends rotation. */
  close(): void {
    this.#endSignerWatch();
    this.#renewal.stop();
  }
}

function credentials(certificate: IssuedCertificate): ServerCredentials {
  return { key: certificate.privateKeyPem, cert: certificate.certChainPem, ca: certificate.rootPem };
}
