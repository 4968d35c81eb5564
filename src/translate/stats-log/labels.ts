/**
 * Labels of Istio's standard metrics as formats of access logs, for either end of a connection (TE-018). Of itself a proxy knows all. A client
 * knows its server from metadata of the endpoint and cluster; a server knows its client's namespace and service account from the certificate, and
 * what else there is from the header that a client of the mesh sends. https://istio.io/latest/docs/reference/config/metrics/#labels
 */
import type { StatsLogger } from '../../model/proxy.js';
import type { Moment } from './metrics.js';
import { NOTE, PEER } from './peer-header.js';
import { EMPTY_IS_UNKNOWN, PROTOCOL } from './rules.js';
import { UNKNOWN, type WorkloadFacts } from './workload-facts.js';

/** One label: its format, and what becomes of the value. */
export interface Label {
  readonly format: string;
  readonly rules?: typeof PROTOCOL;
}

export interface LabelContext {
  readonly version: StatsLogger;
  readonly reporter: 'source' | 'destination';
  readonly self: WorkloadFacts;
  /** Of the filter chain, at destinations. */
  readonly mutualTls: boolean;
}

type Fact = keyof WorkloadFacts;

/** `source_…` or `destination_…` → fact. */
const WORKLOAD_LABELS: Readonly<Record<string, Fact>> = {
  workload: 'name',
  workload_namespace: 'namespace',
  app: 'app',
  version: 'version',
  canonical_service: 'canonical_service',
  canonical_revision: 'canonical_revision',
  cluster: 'cluster',
};

const SERVICE_LABELS: Readonly<Record<string, string>> = {
  destination_service: 'service_host',
  destination_service_name: 'service_name',
  destination_service_namespace: 'service_namespace',
};

/** Text as a format that gives just it. */
const literal = (text: string): Label => ({ format: text.replaceAll('%', '%%') });
const NOBODY_KNOWS = literal(UNKNOWN);
/** What is always there: facts and certificates of mutual TLS. */
const always = (format: string): Label => ({ format });
/** What may be missing: of a server that was never reached nothing is known. Rules are long, so only these have one. */
const found = (format: string): Label => ({ format, rules: EMPTY_IS_UNKNOWN });

/** The namespace that the peer's certificate names. */
const PEER_NAMESPACE = `%CEL(re.extract(connection.uri_san_peer_certificate, '^spiffe://[^/]*/ns/([^/]*)/sa/.*$', '\\\\1'))%`;

/** The labels of whatever is counted at a moment, in Istio's order. */
export function labels(moment: Moment, context: LabelContext): ReadonlyMap<string, Label> {
  const { reporter, self, mutualTls } = context;
  const isSource = reporter === 'source';
  const peer = isSource ? endpoint : mutualTls ? client : nobody;
  const side = (prefix: string, of: (fact: Fact) => Label): [string, Label][] =>
    Object.entries(WORKLOAD_LABELS).map(([label, fact]) => [`${prefix}_${label}`, of(fact)]);
  const own = (fact: Fact): Label => literal(self[fact]);
  const proven = (format: string): Label => (mutualTls ? always(format) : NOBODY_KNOWS);
  const isStream = moment !== 'request';
  return new Map([
    ['reporter', literal(reporter)],
    ...side('source', isSource ? own : (fact) => peer(fact, isStream)),
    ['source_principal', isSource ? found('%UPSTREAM_LOCAL_URI_SAN%') : proven('%DOWNSTREAM_PEER_URI_SAN%')],
    ...side('destination', isSource ? (fact) => peer(fact, isStream) : own),
    ['destination_principal', isSource ? found('%UPSTREAM_PEER_URI_SAN%') : proven('%DOWNSTREAM_LOCAL_URI_SAN%')],
    ...Object.entries(SERVICE_LABELS).map(([label, key]): [string, Label] => [
      label,
      (isSource ? found : always)(`%CLUSTER_METADATA(istio:${key})%`),
    ]),
    ['request_protocol', isStream ? literal('tcp') : protocol(context.version)],
    ...(isStream ? [] : OUTCOME),
    ['response_flags', { format: '%RESPONSE_FLAGS%' }],
    ['connection_security_policy', literal(isSource ? UNKNOWN : mutualTls ? 'mutual_tls' : 'none')],
  ]);
}

const OUTCOME: readonly [string, Label][] = [
  ['response_code', { format: '%RESPONSE_CODE%' }],
  ['grpc_response_status', { format: '%GRPC_STATUS_NUMBER%' }],
];

const endpoint = (fact: Fact): Label => found(`%UPSTREAM_METADATA(istio:${fact})%`);
/** Byte streams have no header to say more than the certificate does. */
const client = (fact: Fact, isStream: boolean): Label => {
  if (fact === 'namespace') return found(PEER_NAMESPACE);
  return isStream ? NOBODY_KNOWS : always(`%DYNAMIC_METADATA(${PEER}:${NOTE}:${fact})%`);
};
const nobody = (): Label => NOBODY_KNOWS;

/** Without rules an expression says the same at a higher cost. */
const protocol = (version: StatsLogger): Label =>
  version === 'tags'
    ? {
        format: "%CEL('content-type' in request.headers && request.headers['content-type'].startsWith('application/grpc') ? 'grpc' : 'http')%",
      }
    : { format: '%REQ(CONTENT-TYPE)%', rules: PROTOCOL };
