/** The first document of a golden input: which proxy looks, what is shown and why. */
import type { MeshNetworks } from '../src/api/extensions.js';
import type { MeshConfig } from '../src/api/mesh-config.js';
import type { StatsLogger } from '../src/model/proxy.js';
import type { NodeDescription } from '../src/model/proxy-node.js';
import type { ModelSettings } from '../src/model/services.js';
import type { ConfigDump } from '../src/server/config-dump.js';

export interface Header {
  /** What the case is there to show. */
  why: string;
  proxy?: {
    type?: string;
    ip?: string;
    namespace?: string;
    labels?: Record<string, string>;
    metadata?: Record<string, unknown>;
    /** What a stock Envoy can make metrics with. */
    statsLogger?: StatsLogger;
    /** Names of what its Envoy was built with. */
    extensions?: readonly string[];
    locality?: Record<string, string>;
  };
  mesh?: MeshConfig;
  meshNetworks?: MeshNetworks;
  /** Settings of the control plane itself. */
  settings?: Partial<ModelSettings>;
  /** Objects of remote clusters, by cluster. */
  clusters?: Record<string, readonly unknown[]>;
  /** What names resolve to. */
  hostAddresses?: Record<string, readonly string[]>;
  /** Sections to print. */
  show: (keyof ConfigDump)[];
  /** Only resources whose name contains one of these. */
  names?: string[];
}

/** The node that the header's proxy says it is. */
export function nodeOf(proxy: Header['proxy']): NodeDescription {
  const { type = 'sidecar', ip = '10.0.0.1', namespace = 'default', labels = {}, metadata = {}, locality, statsLogger, extensions } = proxy ?? {};
  return {
    id: `${type}~${ip}~client.${namespace}~${namespace}.svc.cluster.local`,
    metadata: { NAMESPACE: namespace, LABELS: labels, CLUSTER_ID: 'Kubernetes', ...metadata },
    ...(locality && { locality }),
    ...(statsLogger && { statsLogger }),
    ...(extensions && { extensions: extensions.map((name) => ({ name })) }),
  };
}
