/** Nodes of every kind over the real provider: accepted or refused with a clear status, served all types, and gone without a trace. */
import fc from 'fast-check';
import { othersAreServed, REQUEST, TYPES, talk } from './control-plane.mjs';
import { json, text } from './texts.mjs';

/** Every key of metadata that something of ours reads, and those of Istio's agent. */
const KEYS = [
  'NAMESPACE',
  'SERVICE_ACCOUNT',
  'LABELS',
  'ANNOTATIONS',
  'INSTANCE_IPS',
  'CLUSTER_ID',
  'NETWORK',
  'REQUESTED_NETWORK_VIEW',
  'ISTIO_VERSION',
  'GENERATOR',
  'HTTP10',
  'HTTP_PROXY_PORT',
  'UNPRIVILEGED_POD',
  'DNS_CAPTURE',
  'DNS_AUTO_ALLOCATE',
  'IDLE_TIMEOUT',
  'INTERCEPTION_MODE',
  'PROXY_CONFIG',
  'WORKLOAD_NAME',
  'NODE_NAME',
  'MESH_ID',
  'AUTO_REGISTER_GROUP',
  'MIZZEN_CERTIFICATES',
  'ENVOY_PROMETHEUS_PORT',
  'ENVOY_STATUS_PORT',
  'POD_PORTS',
  'APP_CONTAINERS',
  'TLS_SERVER_CERT_CHAIN',
  'TLS_SERVER_KEY',
  'TLS_SERVER_ROOT_CERT',
  'TLS_CLIENT_CERT_CHAIN',
  'TLS_CLIENT_KEY',
  'TLS_CLIENT_ROOT_CERT',
  'STS',
  'OWNER',
  'NAME',
  'CREDENTIAL',
  'SDS',
  'EXIT_ON_ZERO_ACTIVE_CONNECTIONS',
  'PILOT_SAN',
  '__proto__',
  'constructor',
];
const part = (...good) => fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...good) }, { weight: 1, arbitrary: text });
const id = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(part('sidecar', 'router', 'waypoint'), part('10.1.0.1', '::1'), part('web.shop', 'web', 'a.b.shop'), part('shop.svc.cluster.local', ''))
      .map((parts) => parts.join('~')),
  },
  { weight: 1, arbitrary: text },
);
const value = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'shop',
      'true',
      '1',
      'web',
      '10.1.0.1,10.1.0.9',
      { app: 'web' },
      { proxyMetadata: { ISTIO_DUAL_STACK: 'true' } },
      'grpc',
      'NONE',
      'ads',
      '1.30.0',
    ),
  },
  { weight: 2, arbitrary: json },
);
const metadata = fc
  .array(fc.tuple(fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...KEYS) }, { weight: 1, arbitrary: text }), value), { maxLength: 8 })
  .map((pairs) => pairs.filter(([key]) => key !== '__proto__'))
  .map((pairs) => ({ SERVICE_ACCOUNT: 'web', ...Object.fromEntries(pairs) }));

/** JSON: a node, and over what it comes. */
export const inputs = fc.record({
  variant: fc.constantFrom('sotw', 'delta'),
  peer: fc.constantFrom('plaintext', 'proven', 'proven'),
  id,
  cluster: text,
  metadata,
  locality: fc.record({ region: text, zone: text, subZone: text }),
  userAgentName: fc.oneof(fc.constant('envoy'), text),
  minorNumber: fc.constantFrom(36, 37, 40, 4294967295),
});

export async function check({ variant, peer, minorNumber, ...node }) {
  const { fromPartial, encode } = REQUEST[variant];
  const userAgentVersionType = { $case: 'userAgentBuildVersion', value: { version: { majorNumber: 1, minorNumber, patch: 0 } } };
  const asked = (typeUrl, named) => () => {
    const names = named ?? [];
    try {
      return encode(fromPartial({ node: { ...node, userAgentVersionType }, typeUrl, resourceNames: names, resourceNamesSubscribe: names })).finish();
    } catch {
      return undefined; // what a client can't write need not be read
    }
  };
  await talk(
    variant,
    peer,
    TYPES.map((type) => asked(type, /Secret|Route|VirtualHost|ClusterLoad/.test(type) ? ['default', '80', 'http.80'] : undefined)),
  );
  await othersAreServed();
}
