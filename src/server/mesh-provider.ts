/**
 * The mesh as the xDS server sees it: judges who connects, makes the proxy a row, and hands out views.
 * Over TLS a proxy must prove a workload identity, and its node may only speak for that workload; over plaintext it is nobody
 * and gets no secret.
 */
import type { Node } from '@envoyproxy/xds-protos/envoy/config/core/v3/base.js';
import type { Authenticator } from '../ca/authenticators/authenticator.js';
import { messageOf } from '../ca/errors.js';
import { formatSpiffeId, type WorkloadIdentity } from '../ca/spiffe.js';
import { callerOf } from '../debug/caller.js';
import { isOnlooker } from '../debug/connection-pages.js';
import type { DebugTypes } from '../debug/xds-types.js';
import { hasAgent } from '../model/certificate-source.js';
import type { Mesh } from '../model/mesh.js';
import type { Proxy } from '../model/proxy.js';
import { NodeError, parseNode } from '../model/proxy-node.js';
import type { Views } from '../views/views.js';
import type { XdsVariant } from '../xds/observer.js';
import { GrpcStatus, type PeerInfo, type ProxyHandle, Refusal, type ResourceProvider, type ResourceWatch } from '../xds/provider.js';
import { identityOf } from './credentials.js';
import type { Identities } from './identities.js';
import type { Registration, Registrations } from './registrations.js';
import type { SecretReaders } from './secret-readers.js';
import { statsLoggerOf } from './stats-logger.js';

/** What a {@link MeshProvider} is made of. */
export interface MeshProviderParts {
  readonly mesh: Mesh;
  readonly views: Views;
  readonly authenticators: readonly Authenticator[];
  readonly identities: Identities;
  readonly registrations?: Registrations;
  /** Asks who may have credentials, where that is reviewed. */
  readonly secretReaders?: SecretReaders;
  /** Answers what istioctl asks (XD-024). */
  readonly debugTypes?: DebugTypes;
  /** Virtual hosts in a route configuration above which they come one by one, to clients that can take it; undefined: never. */
  readonly vhdsThreshold?: number;
  /** Told of a failure that is nobody's fault but ours; the peer hears only that there was one. */
  readonly onError?: (error: unknown) => void;
}

/** Reports on a workload's health: an error means that it is ill (SD-054). */
const HEALTH_TYPE = 'type.googleapis.com/istio.v1.HealthInformation';
const EVENT_TYPES: ReadonlySet<string> = new Set([HEALTH_TYPE]);

export class MeshProvider implements ResourceProvider {
  /** @inheritdoc */
  readonly eventTypes = EVENT_TYPES;
  /** Streams per proxy row. */
  readonly #streams = new Map<string, number>();

  constructor(private readonly parts: MeshProviderParts) {}

  /** @inheritdoc */
  async connect(node: Node, peer: PeerInfo, variant: XdsVariant): Promise<ProxyHandle> {
    try {
      return await this.#connect(node, peer, variant);
    } catch (error) {
      if (!(error instanceof Refusal)) this.parts.onError?.(error);
      throw error;
    }
  }

  async #connect(node: Node, peer: PeerInfo, variant: XdsVariant): Promise<ProxyHandle> {
    const vhdsThreshold = variant === 'delta' && takesVhdsOverAds(node) ? this.parts.vhdsThreshold : undefined;
    const identity = await identityOf(peer, this.parts.authenticators);
    limit(node);
    const watchDebug = this.#debug(peer, identity);
    const proven = identity !== undefined && { identity: formatSpiffeId(identity) };
    if (isOnlooker({ node }))
      return { id: node.id, ...proven, watch: (typeUrl, names) => watchDebug(typeUrl, names) ?? NOTHING, close: () => undefined };
    const described = parse(node, identity, vhdsThreshold);
    if (identity !== undefined) authorize(described, identity);
    const release = identity !== undefined && !hasAgent(described.certificates) ? await this.#certificate(identity) : undefined;
    let registration: Registration | undefined;
    try {
      registration = this.parts.registrations?.connect(described, identity);
    } catch (error) {
      release?.();
      throw error;
    }
    const proxy = registration === undefined ? described : parse(labelled(node, registration), identity, vhdsThreshold);
    const forget = identity === undefined ? undefined : this.parts.secretReaders?.hold(proxy.clusterId, identity);
    this.#add(proxy);
    let isOpen = true;
    return {
      id: proxyName(proxy),
      ...proven,
      watch: (typeUrl, names, onStale) => watchDebug(typeUrl, names) ?? this.parts.views.watch(proxy.key, typeUrl, names, onStale),
      event: ({ typeUrl, error }) => {
        if (isOpen && typeUrl === HEALTH_TYPE) registration?.reportHealth(error === undefined, error?.message ?? '');
      },
      close: () => {
        if (!isOpen) return;
        isOpen = false;
        this.#remove(proxy);
        registration?.close();
        forget?.();
        release?.();
      },
    };
  }

  /** Watches debug types on behalf of a peer; undefined for all others. */
  #debug(
    peer: PeerInfo,
    identity: WorkloadIdentity | undefined,
  ): (typeUrl: string, names: readonly string[] | undefined) => ResourceWatch | undefined {
    const { debugTypes, mesh } = this.parts;
    return (typeUrl, names) => {
      if (debugTypes?.serves(typeUrl) !== true) return undefined;
      return debugTypes.watch(typeUrl, names, callerOf(peer.address, identity, mesh.config().rootNamespace));
    };
  }

  async #certificate(identity: WorkloadIdentity): Promise<() => void> {
    try {
      return await this.parts.identities.hold(identity);
    } catch (error) {
      throw new Refusal(GrpcStatus.UNAVAILABLE, `no certificate for ${formatSpiffeId(identity)} now: ${messageOf(error)}`);
    }
  }

  #add(proxy: Proxy): void {
    const { graph, rows } = this.parts.mesh;
    const streams = this.#streams.get(proxy.key) ?? 0;
    this.#streams.set(proxy.key, streams + 1);
    if (streams === 0) graph.transaction(() => rows.proxies.set(proxy));
  }

  #remove(proxy: Proxy): void {
    const { graph, rows } = this.parts.mesh;
    const streams = (this.#streams.get(proxy.key) ?? 1) - 1;
    if (streams > 0) {
      this.#streams.set(proxy.key, streams);
      return;
    }
    this.#streams.delete(proxy.key);
    graph.transaction(() => rows.proxies.delete(proxy.key));
  }
}

/** What a tool that only looks is served of the types of proxies. */
const NOTHING: ResourceWatch = { read: () => ({ chunks: [] }), close: () => undefined };

const MAX_METADATA = 64 << 10;
/** Of id, cluster, name of the program and each part of the locality. */
const MAX_NODE_TEXT = 1 << 10;

/** How people name a proxy: `name.namespace`. */
export const proxyName = (proxy: Proxy): string => `${proxy.name}.${proxy.namespace}`;

/** Envoys before 1.37 refuse virtual hosts over the aggregated stream. */
function takesVhdsOverAds({ userAgentName, userAgentVersionType }: Node): boolean {
  if (userAgentName !== 'envoy' || userAgentVersionType?.$case !== 'userAgentBuildVersion') return false;
  const { majorNumber = 0, minorNumber = 0 } = userAgentVersionType.value.version ?? {};
  return majorNumber > 1 || (majorNumber === 1 && minorNumber >= 37);
}

/** What a node says becomes part of the proxy's row and of its key: Envoys send a few kilobytes. */
function limit({ id, cluster, userAgentName, metadata, locality }: Node): void {
  for (const [field, text] of Object.entries({ id, cluster, userAgentName, ...locality }))
    if (typeof text === 'string' && text.length > MAX_NODE_TEXT)
      throw new Refusal(GrpcStatus.INVALID_ARGUMENT, `node: ${field} is longer than ${MAX_NODE_TEXT} characters`);
  if (metadata !== undefined && JSON.stringify(metadata).length > MAX_METADATA)
    throw new Refusal(GrpcStatus.INVALID_ARGUMENT, `node metadata is longer than ${MAX_METADATA} characters of JSON`);
}

function parse(node: Node, identity: WorkloadIdentity | undefined, vhdsThreshold: number | undefined): Proxy {
  const { id, cluster, metadata, locality, extensions } = node;
  const statsLogger = statsLoggerOf(node);
  try {
    return parseNode(
      {
        id,
        ...(cluster !== undefined && { cluster }),
        ...(metadata && { metadata }),
        ...(locality && { locality }),
        ...(vhdsThreshold !== undefined && { vhdsThreshold }),
        ...(statsLogger !== undefined && { statsLogger }),
        extensions,
      },
      identity === undefined ? '' : formatSpiffeId(identity),
    );
  } catch (error) {
    if (error instanceof NodeError) throw new Refusal(GrpcStatus.INVALID_ARGUMENT, error.message);
    throw error;
  }
}

/** The node with its WorkloadEntry's labels: policies select the workload by them. */
function labelled(node: Node, { entry }: Registration): Node {
  const labels = { ...entry.spec.labels, ...entry.metadata.labels };
  return { ...node, metadata: { ...node.metadata, LABELS: labels } };
}

/** A proxy speaks for the workload that it proved to be, and for no other. */
function authorize(proxy: Proxy, identity: WorkloadIdentity): void {
  const id = formatSpiffeId(identity);
  if (proxy.namespace !== identity.namespace) {
    throw new Refusal(GrpcStatus.PERMISSION_DENIED, `node ${proxy.id} claims namespace ${JSON.stringify(proxy.namespace)}, but its peer is ${id}`);
  }
  if (proxy.serviceAccount !== '' && proxy.serviceAccount !== identity.serviceAccount) {
    throw new Refusal(
      GrpcStatus.PERMISSION_DENIED,
      `node ${proxy.id} claims service account ${JSON.stringify(proxy.serviceAccount)}, but its peer is ${id}`,
    );
  }
}
