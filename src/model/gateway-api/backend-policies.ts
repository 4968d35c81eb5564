/**
 * BackendTLSPolicy and XBackendTrafficPolicy as DestinationRule rows, one per Service (GA-020, GA-028). Pure.
 * https://gateway-api.sigs.k8s.io/reference/spec/#backendtlspolicy
 */
import type { ClientTLSSettings, DestinationRule, DestinationRuleSpec } from '../../api/istio.js';
import type { ConfigMapSpec } from '../../api/kubernetes.js';
import { keyOf } from '../../api/resource.js';
import { caFault } from './certificates.js';
import type { Finding } from './finding.js';
import { policyName } from './names.js';
import { CONFIG_MAP, kindOf, SERVICE } from './references.js';
import type { BackendTlsRow, BackendTrafficRow, TargetReference } from './types.js';
import { byRouteAge } from './virtual-services.js';

export interface PolicyContext {
  /** What a policy may target, by `group/kind`. */
  readonly target: (kind: string, namespace: string, name: string) => PolicyTarget | undefined;
  readonly configMap: (namespace: string, name: string) => ConfigMapSpec | undefined;
}

/** A Service or ServiceEntry. */
export interface PolicyTarget {
  readonly hosts: readonly string[];
  readonly ports: readonly { readonly name?: string; readonly port: number }[];
}

export type PolicyRow = BackendTlsRow | BackendTrafficRow;

export interface PolicyRules {
  readonly rules: readonly DestinationRule[];
  readonly findings: readonly { readonly row: PolicyRow; readonly finding: Finding }[];
}

const IGNORED = 'istio.io/ignore-policy-attachment';
/** Names no secret at all, so that connections fail rather than go unverified. */
const NO_CREDENTIAL = 'invalid://';

interface Draft {
  readonly name: string;
  /** Hosts of a ServiceEntry have a rule each, which is named after them. */
  readonly hosts: readonly string[];
  readonly isEntry: boolean;
  readonly from: PolicyRow[];
  tls?: ClientTLSSettings;
  retryBudget?: Readonly<Record<string, unknown>>;
  readonly ports: Map<number, ClientTLSSettings>;
}

/** Rules of all policies of one namespace: policies only reach Services beside them. Of two for one target the older wins. */
export function policyRules(policies: readonly PolicyRow[], context: PolicyContext): PolicyRules {
  const drafts = new Map<string, Draft>();
  const findings: { row: PolicyRow; finding: Finding }[] = [];
  for (const row of [...policies].sort(byRouteAge)) {
    if (row.metadata.annotations[IGNORED]?.toLowerCase() === 'true') continue;
    const note = (finding: Finding): void => void findings.push({ row, finding });
    const tls = row.kind === 'BackendTLSPolicy' ? clientTls(row, context, note) : undefined;
    const budget = row.kind === 'XBackendTrafficPolicy' ? retryBudget(row, note) : undefined;
    for (const [i, target] of (row.spec.targetRefs ?? []).entries()) {
      const field = `spec.targetRefs[${i}]`;
      const found = resolveTarget(row, target, context);
      if (typeof found === 'string') {
        note({ code: 'unresolved-reference', message: found, field, reason: 'TargetNotFound' });
        continue;
      }
      const id = `${found.kind} ${target.name}`;
      const isEntry = found.kind !== SERVICE;
      const draft = drafts.get(id) ?? { name: target.name, hosts: found.hosts, isEntry, from: [], ports: new Map<number, ClientTLSSettings>() };
      drafts.set(id, draft);
      draft.from.push(row);
      const taken = tls === undefined ? draft.retryBudget !== undefined : found.port === 0 ? draft.tls !== undefined : draft.ports.has(found.port);
      if (taken) note({ code: 'conflicted', message: `an older policy has ${target.name}`, field, reason: 'Conflicted' });
      else if (tls === undefined) {
        if (budget !== undefined) draft.retryBudget = budget;
      } else if (found.port === 0) draft.tls = tls;
      else draft.ports.set(found.port, tls);
    }
  }
  return { rules: [...drafts.values()].flatMap((draft) => draft.hosts.map((host) => ruleOf(host, draft))), findings };
}

/** The port that a section names, 0 for the whole service; a text says why there is none. */
function resolveTarget(
  { metadata: { namespace } }: PolicyRow,
  ref: TargetReference,
  { target }: PolicyContext,
): { readonly kind: string; readonly hosts: readonly string[]; readonly port: number } | string {
  const kind = kindOf(ref, { group: '', kind: '' });
  const found = target(kind, namespace, ref.name);
  if (found === undefined) return `there is no ${ref.kind} ${namespace}/${ref.name} that a policy may target`;
  if (!ref.sectionName) return { kind, hosts: found.hosts, port: 0 };
  const port = found.ports.find(({ name }) => name === ref.sectionName);
  return port === undefined ? `${ref.kind} ${namespace}/${ref.name} has no port ${ref.sectionName}` : { kind, hosts: found.hosts, port: port.port };
}

function clientTls(row: BackendTlsRow, { configMap }: PolicyContext, note: (finding: Finding) => void): ClientTLSSettings {
  const { hostname, subjectAltNames = [], caCertificateRefs = [], wellKnownCACertificates } = row.spec.validation;
  const names = subjectAltNames.flatMap(({ type, hostname: host, uri }) => (type === 'URI' ? uri : host) ?? []);
  const credential = (): string => {
    const field = 'spec.validation';
    if (wellKnownCACertificates !== undefined) {
      if (wellKnownCACertificates === 'System') return '';
      note({ code: 'unsupported', message: `wellKnownCACertificates ${wellKnownCACertificates} is not known`, field, reason: 'Invalid' });
      return NO_CREDENTIAL;
    }
    const [ref, ...more] = caCertificateRefs;
    if (ref === undefined) return '';
    if (more.length > 0) note({ code: 'unsupported', message: 'only the first CA is used', field: `${field}.caCertificateRefs` });
    const { namespace } = row.metadata;
    const isConfigMap = kindOf(ref, { group: '', kind: 'ConfigMap' }) === CONFIG_MAP;
    const spec = isConfigMap ? configMap(namespace, ref.name) : undefined;
    const fault = spec === undefined ? 'does not exist' : caFault(spec, false);
    if (fault === undefined) return `configmap://${namespace}/${ref.name}`;
    const message = isConfigMap ? `ConfigMap ${namespace}/${ref.name} ${fault}` : `a CA must be in a ConfigMap, not in a ${ref.kind}`;
    const reason = isConfigMap ? 'InvalidCACertificateRef' : 'InvalidKind';
    note({ code: 'unresolved-reference', message, field: `${field}.caCertificateRefs[0]`, reason });
    return NO_CREDENTIAL;
  };
  if (row.spec.options !== undefined) note({ code: 'unsupported', message: 'options are not known', field: 'spec.options' });
  const credentialName = credential();
  return {
    mode: 'SIMPLE',
    sni: hostname,
    // The specification: without alternative names the certificate must be for the host name. docs/deviations.md.
    subjectAltNames: names.length > 0 ? names : [hostname],
    ...(credentialName === '' ? {} : { credentialName }),
  };
}

function retryBudget(row: BackendTrafficRow, note: (finding: Finding) => void): Readonly<Record<string, unknown>> | undefined {
  const { retryConstraint, sessionPersistence } = row.spec;
  if (sessionPersistence !== undefined)
    note({ code: 'unsupported', message: 'session persistence is not supported', field: 'spec.sessionPersistence' });
  if (retryConstraint === undefined) return undefined;
  const { percent, interval = '10s' } = retryConstraint.budget ?? {};
  return { ...(percent === undefined ? {} : { percent }), budgetInterval: interval, minRetryConcurrency: retryConstraint.minRetryRate?.count ?? 10 };
}

function ruleOf(host: string, { name, isEntry, from, tls, retryBudget: budget, ports }: Draft): DestinationRule {
  const [first] = from as [PolicyRow];
  const { namespace } = first.metadata;
  const portLevelSettings = [...ports].sort(([a], [b]) => a - b).map(([number, settings]) => ({ port: { number }, tls: settings }));
  const trafficPolicy = {
    ...(tls === undefined ? {} : { tls }),
    ...(budget === undefined ? {} : { retryBudget: budget }),
    ...(portLevelSettings.length === 0 ? {} : { portLevelSettings }),
  };
  return {
    kind: 'DestinationRule',
    apiVersion: 'networking.istio.io/v1',
    metadata: {
      name: policyName(isEntry ? `${name}~${host.replaceAll('.', '-')}` : name),
      namespace,
      labels: {},
      annotations: { 'internal.istio.io/parents': [...new Set(from.map((row) => `${row.kind}/${keyOf(row).replace('/', '.')}`))].join(',') },
    },
    spec: { host, trafficPolicy } as DestinationRuleSpec,
    // Older than every rule that a user may have written for the host.
    createdAt: 0,
    ...(first.location === undefined ? {} : { location: first.location }),
  };
}
