/**
 * The matrix of inbound filter chains: mTLS mode × protocol → which connections a chain takes and whether it terminates mutual TLS.
 * Envoy-shapes §3; PA-001, PA-008, PA-009, SD-014. The ALPN lists are what Istio's and our own clients offer.
 */
import type { MutualTlsMode } from '../../model/mesh.js';
import { PLAINTEXT_HTTP } from './filter-chain-match.js';
import type { ListenerProtocol } from './listener-protocol.js';

export interface InboundChain {
  readonly protocol: 'HTTP' | 'TCP';
  readonly transportProtocol: 'tls' | 'raw_buffer';
  readonly applicationProtocols: readonly string[];
  /** Mutual TLS ends here. Without it a `tls` chain passes the client's TLS on. */
  readonly mutualTls: boolean;
}

const MESH_HTTP = ['istio-http/1.0', 'istio-http/1.1', 'istio-h2'];
const MESH_TCP = ['istio-peer-exchange', 'istio'];
const MESH_ANY = ['istio', 'istio-peer-exchange', ...MESH_HTTP];

const mesh = (protocol: 'HTTP' | 'TCP', applicationProtocols: readonly string[]): InboundChain => ({
  protocol,
  transportProtocol: 'tls',
  applicationProtocols,
  mutualTls: true,
});
const plain = (protocol: 'HTTP' | 'TCP', applicationProtocols: readonly string[] = []): InboundChain => ({
  protocol,
  transportProtocol: 'raw_buffer',
  applicationProtocols,
  mutualTls: false,
});
/** TLS of the application's own, from a client without a sidecar. */
const foreignTls: InboundChain = { protocol: 'TCP', transportProtocol: 'tls', applicationProtocols: [], mutualTls: false };

const CHAINS: Readonly<Record<MutualTlsMode, Readonly<Record<ListenerProtocol, readonly InboundChain[]>>>> = {
  STRICT: {
    HTTP: [mesh('HTTP', [])],
    TCP: [mesh('TCP', [])],
    detect: [mesh('HTTP', MESH_HTTP), mesh('TCP', [])],
  },
  PERMISSIVE: {
    HTTP: [mesh('HTTP', MESH_ANY), plain('HTTP')],
    TCP: [mesh('TCP', MESH_ANY), foreignTls, plain('TCP')],
    detect: [mesh('HTTP', MESH_HTTP), plain('HTTP', PLAINTEXT_HTTP), mesh('TCP', MESH_TCP), plain('TCP'), foreignTls],
  },
  DISABLE: {
    HTTP: [plain('HTTP')],
    TCP: [plain('TCP')],
    detect: [plain('HTTP', PLAINTEXT_HTTP), plain('TCP')],
  },
};

export const inboundChains = (mode: MutualTlsMode, protocol: ListenerProtocol): readonly InboundChain[] => CHAINS[mode][protocol];
