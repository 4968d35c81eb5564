/**
 * The composition root of `mizzen serve`: files → mesh → views → xDS, with the certificate authority at their side. Everything is made
 * here and handed to who needs it; nothing below knows of a global.
 */
import type { SecureContextOptions } from 'node:tls';
import type { Authenticator } from '../ca/authenticators/authenticator.js';
import { ClientCertificateAuthenticator } from '../ca/authenticators/client-certificate.js';
import { JoinTokenAuthenticator } from '../ca/authenticators/join-token.js';
import type { CertificateAuthority } from '../ca/authority.js';
import { JoinTokenVerifier } from '../ca/join-token.js';
import { loadOrCreateJoinTokenKey } from '../ca/join-token-key.js';
import { Revocations } from '../ca/revocations.js';
import { ServerCertificate } from '../ca/server-certificate.js';
import { SignerReload } from '../ca/signer-reload.js';
import { WorkloadCertificates } from '../ca/workload-certificates.js';
import { createDebugServer } from '../debug/http.js';
import type { Logger } from '../telemetry/log.js';
import { Metrics } from '../telemetry/metrics.js';
import { XdsServer } from '../xds/server.js';
import { Http2GrpcServer } from '../xds/transport/http2-server.js';
import { CertificateService } from './certificate-service.js';
import { ConfigLoader } from './config-loader.js';
import { Identities } from './identities.js';
import { KeysLoader } from './keys-loader.js';
import { createMesh } from './mesh-instance.js';
import { MeshProvider } from './mesh-provider.js';
import { createObserver } from './observer.js';
import { oidcVerifiers } from './oidc.js';
import { type Address, formatAddress, type ServeOptions } from './options.js';
import { RegistrationFiles } from './registration-files.js';
import { Registrations } from './registrations.js';
import { scrapeState } from './scrape.js';
import { loadSigner, openAuthority, writeTrustNote } from './trust.js';

/** Where it listens, `HOST:PORT` each; absent what is off. */
export interface Listening {
  readonly xds?: string;
  readonly xdsTls?: string;
  readonly http?: string;
}

type Closer = (graceMs: number) => void | Promise<void>;

export class ControlPlane {
  readonly metrics: Metrics;
  readonly #instance = createMesh();
  readonly #closers: Closer[] = [];
  #isReady = false;

  constructor(
    private readonly options: ServeOptions,
    private readonly log: Logger,
    private readonly version: string,
  ) {
    this.metrics = new Metrics(version);
  }

  /** Resolves when all listeners serve and the configuration is loaded; leaves nothing open when it rejects. */
  async start(): Promise<Listening> {
    try {
      return await this.#start();
    } catch (error) {
      await this.close(0);
      throw error;
    }
  }

  /** Takes no more connections, asks proxies to go elsewhere over `graceMs`, finishes HTTP requests. Idempotent. */
  async close(graceMs = 1_000): Promise<void> {
    this.#isReady = false;
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) await close(graceMs);
  }

  async #start(): Promise<Listening> {
    const { options, log, metrics } = this;
    const { mesh, views } = this.#instance;
    const loader = this.#loader();
    this.#closers.push(() => loader.close());
    await loader.start();
    const keys = new KeysLoader({ mesh, log, allowed: options.jwksAllow });
    this.#closers.push(() => keys.close());
    await keys.start();

    const { trustDomain } = mesh.config();
    const authority = await this.#authority(trustDomain);
    const authenticators = await this.#authenticators(authority);
    const provider = this.#provider(authority, authenticators);
    const certificates = new CertificateService({
      authority,
      authenticators,
      metrics,
      onError: (error) => log.error({ err: error }, 'a CSR was not signed'),
    });
    const xds = new XdsServer({ provider, observer: createObserver(log, metrics), controlPlane: `mizzen/${this.version}` });
    metrics.scrape(() => scrapeState(mesh, loader.problems(), authority));

    const debug = createDebugServer({ mesh, views, xds, metrics, problems: () => loader.problems(), isReady: () => this.#isReady });
    this.#closers.push(() => debug.close());
    const http = options.httpAddress && (await debug.listen(options.httpAddress));
    const { plain, tls } = await this.#listen(xds, authority, certificates);
    this.#isReady = true;
    return {
      ...(plain && { xds: formatAddress(plain) }),
      ...(tls && { xdsTls: formatAddress(tls) }),
      ...(http && { http: formatAddress(http) }),
    };
  }

  #loader(): ConfigLoader {
    const { config, meshConfig, debounceAfter, debounceMax } = this.options;
    const debounce = { quiet: debounceAfter, max: debounceMax };
    const files = { paths: config, debounce, ...(meshConfig !== undefined && { meshConfig }) };
    return new ConfigLoader({ mesh: this.#instance.mesh, files, log: this.log, metrics: this.metrics });
  }

  /** Signs, follows its files, and keeps the note of its roots for `bootstrap` true. */
  async #authority(trustDomain: string): Promise<CertificateAuthority> {
    const { options, log } = this;
    const trust = { ...options, trustDomain, isKeeper: true };
    const authority = await openAuthority(trust);
    const note = (): void => writeTrustNote(options.dataDir, { trustDomain, rootPem: authority.rootPem });
    note();
    const reload = new SignerReload({
      authority,
      load: () => loadSigner(trust),
      everyMs: options.caReload,
      onReplaced: ({ certificate, roots }) => {
        note();
        log.info({ signer: certificate.subject, roots: roots.length }, 'the certificate authority was replaced');
      },
      onError: (error) => log.error({ err: error }, 'the certificate authority could not be read again; the last good one stays'),
    });
    this.#closers.push(() => reload.close());
    return authority;
  }

  async #authenticators(authority: CertificateAuthority): Promise<readonly Authenticator[]> {
    const { dataDir, oidcIssuer, oidcAudience } = this.options;
    const issuers = oidcVerifiers(oidcIssuer, oidcAudience, authority.trustDomain);
    const key = await loadOrCreateJoinTokenKey(dataDir);
    const verifier = new JoinTokenVerifier({ key, trustDomain: authority.trustDomain, revocations: new Revocations(dataDir) });
    return [new ClientCertificateAuthenticator(authority), new JoinTokenAuthenticator(verifier, issuers)];
  }

  #provider(authority: CertificateAuthority, authenticators: readonly Authenticator[]): MeshProvider {
    const { log, metrics } = this;
    const { dataDir, workloadGracePeriod, vhdsThreshold } = this.options;
    const certificates = new WorkloadCertificates(authority, {
      onError: (identity, error) => log.error({ identity, err: error }, 'no certificate could be made; trying again'),
    });
    certificates.onChange(() => metrics.certificates.inc());
    const identities = new Identities(this.#instance.mesh, certificates);
    this.#closers.push(() => identities.close());
    const files = new RegistrationFiles(dataDir, (error) => log.error({ err: error }, 'a registered workload could not be kept or read'));
    const registrations = new Registrations({ mesh: this.#instance.mesh, files, graceMs: workloadGracePeriod });
    registrations.restore();
    this.#closers.push(() => registrations.close());
    return new MeshProvider({
      ...this.#instance,
      authenticators,
      identities,
      registrations,
      ...(vhdsThreshold !== undefined && { vhdsThreshold }),
      onError: (error) => log.error({ err: error }, 'a proxy could not be connected'),
    });
  }

  async #listen(xds: XdsServer, authority: CertificateAuthority, certificates: CertificateService): Promise<{ plain?: Address; tls?: Address }> {
    const { xdsAddress, xdsTlsAddress, tlsSan } = this.options;
    const servers: Http2GrpcServer[] = [];
    // Streams first hear that they should go, then their connections close.
    this.#closers.push(async (graceMs) => {
      const closing = servers.map((server) => server.close(graceMs + 500));
      await xds.close(graceMs);
      await Promise.all(closing);
    });
    const open = async (at: Address, tls?: SecureContextOptions): Promise<{ server: Http2GrpcServer; address: Address }> => {
      const server = new Http2GrpcServer();
      xds.attach(server);
      if (tls !== undefined) certificates.attach(server);
      const { address, port } = await server.listen({ ...at, ...(tls && { tls }) });
      servers.push(server);
      return { server, address: { host: address, port } };
    };
    const plain = xdsAddress && (await open(xdsAddress));
    if (xdsTlsAddress === undefined) return { ...(plain && { plain: plain.address }) };
    const certificate = new ServerCertificate(authority, {
      hosts: [...tlsSan, ...(isWildcard(xdsTlsAddress.host) ? [] : [xdsTlsAddress.host])],
      onRotate: (credentials) => secure.server.setSecureContext(credentials),
      onError: (error) => this.log.error({ err: error }, 'the server certificate could not be renewed; trying again'),
    });
    this.#closers.push(() => certificate.close());
    const secure = await open(xdsTlsAddress, await certificate.current());
    return { ...(plain && { plain: plain.address }), tls: secure.address };
  }
}

const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::';
