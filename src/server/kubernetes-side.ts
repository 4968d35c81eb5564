/** What a control plane does with the Kubernetes API beside reading the mesh from it: asks who callers are, keeps the signer, leads, reports. */

import { formatProblem, type Problem } from '../api/problem.js';
import type { CertificateAuthority } from '../ca/authority.js';
import { connectCluster } from '../kubernetes/connect.js';
import type { LiveStatuses } from '../kubernetes/live-statuses.js';
import type { Mesh } from '../model/mesh.js';
import { RevisionTags } from '../sources/kubernetes/revision-tags.js';
import type { Logger } from '../telemetry/log.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { WebhookMetrics } from '../webhook/metrics.js';
import type { ClusterSignerOptions } from './cluster-signer.js';
import { Clusters } from './clusters.js';
import { keepGateways } from './gateways/keep-gateways.js';
import { wantedGateways } from './gateways/wanted.js';
import type { InjectionSettingsFile } from './injection-settings.js';
import { type Duty, startLeaderDuties } from './leader-duties.js';
import type { ServeOptions } from './options.js';
import { controlledClusters, keepRemoteClusters, type RemoteDutiesParts, remoteRoots } from './remote-duties.js';
import { keepRootCertificates, namespaceRoots } from './root-certificates.js';
import { SecretReaders } from './secret-readers.js';
import { liveStatuses, type StatusParts, statusDuties } from './status-duties.js';
import { TokenReviews } from './token-reviews.js';
import { keepWebhookConfigurations } from './webhook-configurations.js';

/** Rejects when the way to the API is not told. */
export async function connectKubernetes(options: ServeOptions, log: Logger, metrics: Metrics): Promise<KubernetesSide> {
  return new KubernetesSide(new Clusters(await connectCluster(options), options.cluster), options, log, metrics);
}

/** What duties of the leader work on. */
export interface LeadParts {
  readonly statuses: StatusParts;
  readonly authority: CertificateAuthority;
  readonly injection: InjectionSettingsFile;
  /** Where there are webhooks, whose configurations in remote clusters are ours as well. */
  readonly webhooks: WebhookMetrics | undefined;
}

export class KubernetesSide {
  /** Statuses as they stand; undefined where none are written. */
  readonly live: LiveStatuses | undefined;
  /** What we are called besides our revision. */
  readonly tags: RevisionTags;
  #problems: readonly Problem[] = [];
  readonly #closers: (() => void | Promise<void>)[] = [];

  constructor(
    readonly clusters: Clusters,
    private readonly options: ServeOptions,
    private readonly log: Logger,
    private readonly metrics: Metrics,
  ) {
    this.live = liveStatuses(options);
    this.#closers.push(() => clusters.own.close());
    const { revision, revisionTags: always, namespace } = options;
    const onError = (error: Error): void => log.warn({ err: error }, 'tags of revisions can not be read; those read last hold');
    this.tags = new RevisionTags({ client: clusters.own, revision, always, namespace, onError });
    const stop = new AbortController();
    this.tags.follow(stop.signal);
    this.#closers.push(() => stop.abort());
  }

  /** Where the mesh's signer is. */
  get signer(): Omit<ClusterSignerOptions, 'trustDomain'> {
    const { namespace, caKeyType, selfSignedCaSecret: selfSignedSecret } = this.options;
    return { client: this.clusters.own, namespace, caKeyType, selfSignedSecret };
  }

  /** Verifies tokens of service accounts. */
  tokenReviews(trustDomain: string): TokenReviews {
    return new TokenReviews({ clusters: this.clusters, audience: this.options.oidcAudience, trustDomain });
  }

  secretReaders(mesh: Mesh): SecretReaders {
    const onError = (error: unknown, id: string): void =>
      this.log.warn({ id, err: error }, 'the cluster did not say whether an account may read secrets');
    const readers = new SecretReaders({ mesh, clusters: this.clusters, onError });
    this.#closers.push(() => readers.close());
    return readers;
  }

  /** What is wrong with what we do for others. */
  problems(): readonly Problem[] {
    return this.#problems;
  }

  /** Takes part in what one replica does for all. */
  lead({ statuses, authority, injection, webhooks }: LeadParts): void {
    const { mesh } = statuses;
    const { namespace, revision, cluster, managedGateways } = this.options;
    const { log } = this;
    const client = this.clusters.own;
    // Queries are declared once, however often we come to lead.
    const inNamespaces = namespaceRoots(mesh);
    const controlled = controlledClusters(mesh, cluster, namespace);
    const wanted = wantedGateways(mesh, namespace);
    const roots: Duty = (signal) =>
      keepRootCertificates(
        {
          mesh,
          roots: inNamespaces,
          cluster: '',
          client,
          authority,
          onError: (error, name) => log.warn({ namespace: name, err: error }, 'the roots could not be put into a namespace'),
        },
        signal,
      );
    const onRemoteError = (error: unknown, name: string, of: string): void =>
      log.warn({ cluster: name, namespace: of, err: error }, 'the roots could not be put into a namespace');
    const workInRoots = remoteRoots({ mesh, authority, roots: inNamespaces, onError: onRemoteError });
    const remote: Duty = (signal) => keepRemoteClusters({ mesh, clusters: this.clusters, controlled, work: workInRoots }, signal);
    if (webhooks) this.#keepRemoteWebhooks({ mesh, clusters: this.clusters, controlled }, authority, webhooks);
    const gateways: Duty = (signal) =>
      keepGateways(
        {
          mesh,
          wanted,
          client,
          tags: this.tags,
          clusterId: cluster,
          injection,
          metrics: this.metrics.gateways,
          onProblems: (problems) => this.#tell(problems),
        },
        signal,
      );
    const duties = { roots, remote, ...(managedGateways === 'on' && { gateways }), ...this.#statusDuties(statuses) };
    this.#closers.push(startLeaderDuties({ client, namespace, revision, duties, log }));
  }

  /** On every replica, leader or not: one that has another root than the leader would be called in vain. */
  #keepRemoteWebhooks(parts: Omit<RemoteDutiesParts, 'work'>, authority: CertificateAuthority, metrics: WebhookMetrics): void {
    const { namespace, revision } = this.options;
    const work: RemoteDutiesParts['work'] = (api, name, until) => {
      const kept = keepWebhookConfigurations({ api, authority, metrics, log: this.log.child({ cluster: name }), revision, namespace });
      until.addEventListener('abort', () => kept.close(), { once: true });
    };
    const stop = new AbortController();
    this.#closers.push(() => stop.abort());
    void keepRemoteClusters({ ...parts, work }, stop.signal);
  }

  #statusDuties(parts: StatusParts): Readonly<Record<string, Duty>> {
    const { live, options, log } = this;
    if (live === undefined) return {};
    const { duties, close } = statusDuties(parts, { options, tags: this.tags, client: this.clusters.own, live, metrics: this.metrics.status, log });
    this.#closers.push(close);
    return duties;
  }

  #tell(problems: readonly Problem[]): void {
    const told = new Set(this.#problems.map(formatProblem));
    this.#problems = problems;
    for (const problem of problems) {
      const text = formatProblem(problem);
      if (!told.has(text)) this.log.error({ code: problem.code }, text);
    }
  }

  async close(): Promise<void> {
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) await close();
  }
}
