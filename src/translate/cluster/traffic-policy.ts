/**
 * The table of TrafficPolicy's blocks: what each means for an outbound cluster. A field that the API gains and this table lacks does not compile.
 * https://istio.io/latest/docs/reference/config/networking/destination-rule/#TrafficPolicy
 */
import type { TrafficPolicy } from '../../api/istio.js';
import { forcesUnhealthyEndpoints, localityBalancing } from '../endpoint/locality-settings.js';
import { applyConnectionPool } from './connection-pool.js';
import type { ClusterDraft } from './draft.js';
import { applyLoadBalancer } from './load-balancer.js';
import type { OutboundClusterInput } from './outbound.js';
import { applyOutlierDetection } from './outlier-detection.js';
import { applyProxyProtocol, applyTransportSocket } from './transport-socket.js';
import { applyUpgrade } from './upstream-protocol.js';

/** Blocks see their setting or undefined: several of them also do something by default. */
type Blocks = { readonly [Field in keyof TrafficPolicy]-?: (draft: ClusterDraft, value: TrafficPolicy[Field], input: OutboundClusterInput) => void };

const elsewhere = (): void => {};

/** The order of the table is the order of application: protocol before TLS (ALPN), outlier detection before locality. */
const BLOCKS: Blocks = {
  connectionPool(draft, pool, input) {
    applyUpgrade(draft, pool, input.port.protocol, input.mesh);
    applyConnectionPool(draft, pool, input.mesh, input.policy?.retryBudget);
  },
  /** Part of the circuit breakers above. */
  retryBudget: elsewhere,
  outlierDetection(draft, outlier, input) {
    if (outlier) applyOutlierDetection(draft, outlier, forcesUnhealthyEndpoints(input.service));
  },
  loadBalancer(draft, settings, input) {
    applyLoadBalancer(draft, settings, localityBalancing(input.mesh, settings, input.service));
  },
  tls(draft, _tls, input) {
    // Behind an AUTO_PASSTHROUGH gateway the client's TLS goes through untouched.
    if (!input.sniDnat) applyTransportSocket(draft, input);
  },
  proxyProtocol(draft, settings, input) {
    if (settings && !input.sniDnat) applyProxyProtocol(draft, settings);
  },
  /** Of tcp_proxy, not of the cluster (DR-029). */
  tunnel: elsewhere,
  /** Resolved before (model/traffic-policy.ts). */
  portLevelSettings: elsewhere,
};

/** Applies every block. */
export function applyTrafficPolicy(draft: ClusterDraft, input: OutboundClusterInput): void {
  const policy: TrafficPolicy = input.policy ?? {};
  BLOCKS.connectionPool(draft, policy.connectionPool, input);
  BLOCKS.retryBudget(draft, policy.retryBudget, input);
  BLOCKS.outlierDetection(draft, policy.outlierDetection, input);
  BLOCKS.loadBalancer(draft, policy.loadBalancer, input);
  BLOCKS.tls(draft, policy.tls, input);
  BLOCKS.proxyProtocol(draft, policy.proxyProtocol, input);
  BLOCKS.tunnel(draft, policy.tunnel, input);
  BLOCKS.portLevelSettings(draft, policy.portLevelSettings, input);
}
