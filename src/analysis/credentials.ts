/**
 * Secrets that Gateways and DestinationRules name (GW-012, GW-016) and that are not there or hold too little: the listener or cluster that waits for one
 * takes no traffic. A gateway's secrets are read from the namespace that its proxies run in.
 */
import type { ClientTLSSettings, DestinationRule, Gateway, Server, TrafficPolicy } from '../api/istio.js';
import type { SecretSpec } from '../api/kubernetes.js';
import type { FieldPath } from '../api/problem.js';
import { keyOf, type Resource } from '../api/resource.js';
import { CA_SUFFIX, parseCredentialName } from '../model/credential-name.js';
import type { Check, Context, Draft } from './check.js';

export const credentials: Check = {
  name: 'credential',
  *subjects({ mesh }) {
    for (const key of mesh.rows.of('Gateway').list().keys()) yield `Gateway ${key}`;
    for (const key of mesh.rows.of('DestinationRule').list().keys()) yield `DestinationRule ${key}`;
  },
  examine(context, subject) {
    const [kind = '', key = ''] = subject.split(' ');
    const { rows } = context.mesh;
    if (kind === 'Gateway') {
      const row = rows.of('Gateway').get(key);
      return row === undefined ? [] : ofGateway(context, row);
    }
    const row = rows.of('DestinationRule').get(key);
    return row === undefined ? [] : ofRule(context, row);
  },
};

/** What a secret has to hold. */
type Need = 'certificate' | 'ca' | 'both';

function ofGateway(context: Context, row: Gateway): readonly Draft[] {
  const workloads = context.lookups.gatewayWorkloads(row.spec.selector ?? {});
  const found = [...new Set(workloads.map((workload) => workload.namespace))].sort();
  const namespaces = found.length === 0 ? [row.metadata.namespace] : found;
  return (row.spec.servers ?? []).flatMap(({ tls }: Server, index) => {
    if (tls === undefined || !['SIMPLE', 'MUTUAL', 'OPTIONAL_MUTUAL'].includes(tls.mode ?? '')) return [];
    const path = ['spec', 'servers', index, 'tls'];
    const ownCa = Boolean(tls.caCertCredentialName);
    const need: Need = tls.mode === 'SIMPLE' || ownCa ? 'certificate' : 'both';
    const named: [string, FieldPath, Need][] = [];
    if (tls.credentialName) named.push([tls.credentialName, [...path, 'credentialName'], need]);
    for (const [i, name] of (tls.credentialNames ?? []).entries()) named.push([name, [...path, 'credentialNames', i], need]);
    if (tls.caCertCredentialName) named.push([tls.caCertCredentialName, [...path, 'caCertCredentialName'], 'ca']);
    return named.flatMap(([name, at, what]) => namespaces.flatMap((namespace) => examine(context, row, name, namespace, at, what) ?? []));
  });
}

function ofRule(context: Context, row: DestinationRule): readonly Draft[] {
  const policies: [TrafficPolicy | undefined, FieldPath][] = [[row.spec.trafficPolicy, ['spec', 'trafficPolicy']]];
  for (const [i, subset] of (row.spec.subsets ?? []).entries()) {
    policies.push([subset.trafficPolicy as TrafficPolicy | undefined, ['spec', 'subsets', i, 'trafficPolicy']]);
  }
  return policies.flatMap(([policy, path]) => [
    ...ofTls(context, row, policy?.tls as ClientTLSSettings | undefined, path),
    ...(policy?.portLevelSettings ?? []).flatMap((entry, i) =>
      ofTls(context, row, entry.tls as ClientTLSSettings | undefined, [...path, 'portLevelSettings', i]),
    ),
  ]);
}

/** Clients may run anywhere: a rule's secret is expected in the rule's namespace or, for some client, in any other. */
function ofTls(context: Context, row: DestinationRule, tls: ClientTLSSettings | undefined, path: FieldPath): readonly Draft[] {
  if (!tls?.credentialName || (tls.mode !== 'SIMPLE' && tls.mode !== 'MUTUAL')) return [];
  const at = [...path, 'tls', 'credentialName'];
  const name = tls.credentialName;
  const elsewhere = [...context.mesh.rows.of('Secret').list().values()].some(({ metadata }) => metadata.name === name);
  if (elsewhere && context.mesh.rows.of('Secret').get(`${row.metadata.namespace}/${name}`) === undefined) return [];
  const need: Need = tls.mode === 'SIMPLE' ? 'ca' : tls.caCertificates ? 'certificate' : 'both';
  const draft = examine(context, row, name, row.metadata.namespace, at, need);
  return draft === undefined ? [] : [draft];
}

function examine(context: Context, row: Resource, name: string, namespace: string, path: FieldPath, need: Need): Draft | undefined {
  const { rows } = context.mesh;
  const parsed = parseCredentialName(name.includes('://') ? name : `kubernetes://${name}`, namespace);
  if (parsed === undefined) return undefined; // served by the proxy's own SDS
  const key = `${parsed.namespace}/${parsed.name}`;
  const source = rows.of(parsed.type === 'configmap' ? 'ConfigMap' : 'Secret').get(key) as Resource<string, SecretSpec> | undefined;
  const ca = rows.of('Secret').get(`${key}${CA_SUFFIX}`);
  const kind = parsed.type === 'configmap' ? 'ConfigMap' : 'Secret';
  if (source === undefined) {
    if (need === 'ca' && ca !== undefined) return undefined;
    return { severity: 'error', code: 'missing-credential', message: `there is no ${kind} ${key}`, at: { row, path } };
  }
  const lacks: string[] = [];
  if (need !== 'ca' && !LAYOUTS.some(({ certificate, key: name }) => has(source, certificate) && has(source, name)))
    lacks.push('tls.crt and tls.key');
  if (need !== 'certificate' && !LAYOUTS.some((layout) => has(source, layout.ca) || (ca !== undefined && has(ca, layout.ca)))) lacks.push('ca.crt');
  if (lacks.length === 0) return undefined;
  const message = `${kind} ${keyOf(source)} has no ${lacks.join(', and no ')}`;
  return { severity: 'error', code: 'incomplete-credential', message, at: { row, path }, related: [{ row: source }] };
}

const LAYOUTS = [
  { certificate: 'tls.crt', key: 'tls.key', ca: 'ca.crt' },
  { certificate: 'cert', key: 'key', ca: 'cacert' },
] as const;

const has = ({ spec }: { readonly spec: SecretSpec }, key: string): boolean => Boolean(spec.data?.[key] || spec.stringData?.[key]);
