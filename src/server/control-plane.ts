/**
 * The composition root of `mizzen serve`: files → mesh → views → xDS, with the certificate authority at their side. Everything is made
 * here and handed to who needs it; nothing below knows of a global.
 */
import { defineAnalysis } from '../analysis/index.js';
import type { Problem } from '../api/problem.js';
import type { CertificateAuthority } from '../ca/authority.js';
import { createDebugServer } from '../debug/http.js';
import type { PageParts } from '../debug/page.js';
import { createPages } from '../debug/pages.js';
import { DebugTypes } from '../debug/xds-types.js';
import { joinRemoteClusters } from '../sources/remote-cluster.js';
import type { Logger } from '../telemetry/log.js';
import { Metrics } from '../telemetry/metrics.js';
import { XdsServer } from '../xds/server.js';
import { Http2GrpcServer } from '../xds/transport/http2-server.js';
import { CertificateService } from './certificate-service.js';
import { Changes } from './changes.js';
import { ConfigLoader } from './config-loader.js';
import { configSources } from './config-sources.js';
import { conflictFinder, countConflicts } from './conflicts.js';
import { connectedProxies } from './connected-proxies.js';
import { controlPlaneId } from './control-plane-id.js';
import { csrRefusals } from './csr-refusals.js';
import { HostLoader } from './host-loader.js';
import { modelSettings } from './host-owners.js';
import { InjectionSettingsFile } from './injection-settings.js';
import { KeysLoader } from './keys-loader.js';
import { connectKubernetes, type KubernetesSide } from './kubernetes-side.js';
import { createMesh, type MeshInstance } from './mesh-instance.js';
import { createObserver } from './observer.js';
import { formatAddress, type ServeOptions } from './options.js';
import { patchCheck } from './patch-check.js';
import { requireLocalPlaintext } from './plaintext-xds.js';
import { type ScrapeParts, scrapeState } from './scrape.js';
import { openAuthenticators, publishRoots, runAuthority, workloadCertificates } from './signing.js';
import { traceChanges } from './trace-changes.js';
import { transportOptions } from './transport-options.js';
import { startWebhooks, type Webhooks } from './webhooks.js';
import { listenXds } from './xds-listeners.js';

/** Where it listens, `HOST:PORT` each; absent what is off. */
export interface Listening {
  readonly xds?: string;
  readonly xdsTls?: string;
  readonly http?: string;
  readonly webhook?: string;
}

type Closer = (graceMs: number) => void | Promise<void>;

export class ControlPlane {
  readonly metrics: Metrics;
  readonly #changes: Changes;
  readonly #instance: MeshInstance;
  readonly #closers: Closer[] = [];
  #isReady = false;

  constructor(
    private readonly options: ServeOptions,
    private readonly log: Logger,
    private readonly version: string,
  ) {
    requireLocalPlaintext(options.xdsAddress, options.xdsPlaintext);
    this.metrics = new Metrics(version);
    this.#changes = new Changes(this.metrics);
    this.#instance = createMesh({
      ...modelSettings(options),
      clusterId: options.cluster,
      watchedNamespaces: options.watchNamespaces,
      filterGatewayClusters: options.gatewayClusters === 'referenced',
      remoteJwks: options.remoteJwks,
      persistentSessions: options.persistentSessions,
      quicListeners: options.quicListeners,
      ipv4Outbound: options.ipv4Outbound,
      mcs: options.mcs,
      reviewsSecretReaders: options.kubernetes,
      deploysGateways: options.kubernetes && options.managedGateways === 'on',
    });
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
    const tracing = await traceChanges(this.#changes, { otlpEndpoint: options.otlpEndpoint, log, version: this.version });
    if (tracing !== undefined) this.#closers.push(() => tracing.close());
    const kubernetes = await this.#connect();
    const loader = this.#loader(kubernetes);
    this.#closers.push(() => loader.close());
    await loader.start();
    const hosts = new HostLoader({ mesh, log });
    this.#closers.push(() => hosts.close());
    await hosts.start();
    const keys = new KeysLoader({ mesh, log, allowed: options.jwksAllow, caFile: options.jwksCa, metrics: metrics.config });
    this.#closers.push(() => keys.close());
    await keys.start();

    const { trustDomain } = mesh.config();
    const signing = { options, log, kubernetes };
    const signer = await runAuthority(signing, trustDomain);
    const { authority } = signer;
    this.#closers.push(() => signer.close(), publishRoots(mesh, authority));
    const authenticators = await openAuthenticators(signing, authority);
    const conflicts = conflictFinder(mesh, views);
    const ofFiles = joinRemoteClusters(options.remoteCluster, options.cluster).map(({ cluster }) => cluster);
    const remoteClusters = (): readonly string[] => [...ofFiles, ...(kubernetes?.clusters.remote.keys() ?? [])];
    const problems = (): readonly Problem[] => [...loader.problems(), ...(kubernetes?.problems() ?? [])];
    const injection = this.#injection();
    const analysis = defineAnalysis(mesh, { extra: [patchCheck(views)] });
    const pages: PageParts = {
      analysis,
      mesh,
      views,
      conflicts,
      clusters: () => [options.cluster, ...remoteClusters()],
      connections: () => xds.connections(),
      problems,
      injection: () => (options.webhookAddress === undefined ? undefined : injection.told()),
      ...(options.unsafeAdminEndpoints && { disconnect: (proxyID: string) => xds.disconnect(proxyID) }),
    };
    const ask = createPages(pages);
    const workloads = workloadCertificates(signing, authority, metrics.certificates);
    const secretReaders = kubernetes?.secretReaders(mesh);
    const proxies = connectedProxies({
      ...this.#instance,
      options,
      log,
      metrics: metrics.config,
      authenticators,
      certificates: workloads,
      debugTypes: new DebugTypes(pages, ask),
      ...(secretReaders && { secretReaders }),
    });
    this.#closers.push(() => proxies.close());
    const certificates = new CertificateService({
      authority,
      authenticators,
      metrics: metrics.certificates,
      onError: (error) => log.error({ err: error }, 'a CSR was not signed'),
      onRefused: csrRefusals(log),
    });
    const { tracker } = this.#changes;
    const observer = createObserver(log, metrics);
    const { maxStreams, maxStreamsPerIdentity, maxStreamsPerAddress } = options;
    const limits = { maxStreams, maxStreamsPerIdentity, maxStreamsPerAddress };
    const xds = new XdsServer({ provider: proxies.provider, observer, limits, changes: tracker, controlPlane: controlPlaneId(this.version) });
    const scraped: ScrapeParts = {
      mesh,
      authority,
      problems,
      workloadExpiry: () => workloads.firstExpiry(),
      remoteClusters,
      conflicts: () => countConflicts(conflicts()),
      xds: () => ({ ...xds.load(), openChanges: tracker.open }),
    };
    metrics.scrape(() => scrapeState(scraped));

    const debug = createDebugServer({
      ask,
      rootNamespace: () => mesh.config().rootNamespace,
      metrics,
      proxies: () => [...mesh.rows.proxies.list().values()],
      authenticators,
      version: this.version,
      isReady: () => this.#isReady,
    });
    this.#closers.push(() => debug.close());
    const http = options.httpAddress && (await debug.listen(options.httpAddress));
    const create = (tls: boolean): Http2GrpcServer => {
      const server = new Http2GrpcServer(transportOptions(options, observer, tls ? authenticators : undefined));
      xds.attach(server);
      if (tls) certificates.attach(server);
      return server;
    };
    const { plain, tls } = await listenXds({ options, xds, authority, log, create, onClose: (close) => this.#closers.push(close) });
    const webhooks = await this.#webhooks(authority, injection, kubernetes);
    const statuses = { mesh, views, xds, problems, analysis };
    kubernetes?.lead({ statuses, authority, injection, webhooks: webhooks?.metrics });
    this.#isReady = true;
    return {
      ...(plain && { xds: formatAddress(plain) }),
      ...(tls && { xdsTls: formatAddress(tls) }),
      ...(http && { http: formatAddress(http) }),
      ...(webhooks && { webhook: formatAddress(webhooks.address) }),
    };
  }

  /** The way to the Kubernetes API; undefined where it is not used. */
  async #connect(): Promise<KubernetesSide | undefined> {
    if (!this.options.kubernetes) return undefined;
    const side = await connectKubernetes(this.options, this.log, this.metrics);
    this.#closers.push(() => side.close());
    return side;
  }

  #loader(kubernetes: KubernetesSide | undefined): ConfigLoader {
    const sources = configSources(this.options, kubernetes);
    return new ConfigLoader({ mesh: this.#instance.mesh, sources, log: this.log, metrics: this.metrics.config, changes: this.#changes });
  }

  #injection(): InjectionSettingsFile {
    const onError = (error: unknown): void => this.log.error({ err: error }, 'the settings of injection could not be read; the last good ones stay');
    const settings = new InjectionSettingsFile(this.options, onError);
    this.#closers.push(() => settings.close());
    return settings;
  }

  async #webhooks(
    authority: CertificateAuthority,
    settings: InjectionSettingsFile,
    kubernetes: KubernetesSide | undefined,
  ): Promise<Webhooks | undefined> {
    const { options, log, metrics } = this;
    if (options.webhookAddress === undefined) return undefined;
    const { mesh } = this.#instance;
    const parts = {
      mesh,
      authority,
      options,
      api: kubernetes?.clusters.own,
      settings,
      log,
      registry: metrics.registry,
      isReady: () => this.#isReady,
    };
    const webhooks = await startWebhooks(options.webhookAddress, parts);
    this.#closers.push(() => webhooks.close());
    return webhooks;
  }
}
