/**
 * BackendTLSPolicy and XBackendTrafficPolicy as DestinationRule rows, one per Service (GA-020, GA-028). Pure.
 * https://gateway-api.sigs.k8s.io/reference/spec/#backendtlspolicy
 */
import type { ClientTLSSettings, DestinationRule, DestinationRuleSpec } from '../../api/istio.js';
import type { ConfigMapSpec, ServiceSpec } from '../../api/kubernetes.js';
import { keyOf } from '../../api/resource.js';
import { caFault } from './certificates.js';
import type { Finding } from './finding.js';
import { policyName } from './names.js';
import { CONFIG_MAP, kindOf, SERVICE } from './references.js';
import type { BackendTlsRow, BackendTrafficRow, TargetReference } from './types.js';
import { byRouteAge } from './virtual-services.js';

export interface PolicyContext {
  readonly service: (namespace: string, name: string) => ServiceSpec | undefined;
  readonly configMap: (namespace: string, name: string) => ConfigMapSpec | undefined;
  readonly domain: string;
}

type PolicyRow = BackendTlsRow | BackendTrafficRow;

export interface PolicyRules {
  readonly rules: readonly DestinationRule[];
  readonly findings: readonly { readonly row: PolicyRow; readonly finding: Finding }[];
}

const IGNORED = 'istio.io/ignore-policy-attachment';
/** Names no secret at all, so that connections fail rather than go unverified. */
const NO_CREDENTIAL = 'invalid://';

interface Draft {
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
        note({ code: 'unresolved-reference', message: found, field });
        continue;
      }
      const draft = drafts.get(target.name) ?? { from: [], ports: new Map<number, ClientTLSSettings>() };
      drafts.set(target.name, draft);
      draft.from.push(row);
      const taken = tls === undefined ? draft.retryBudget !== undefined : found.port === 0 ? draft.tls !== undefined : draft.ports.has(found.port);
      if (taken) note({ code: 'conflicted', message: `an older policy has ${target.name}`, field });
      else if (tls === undefined) {
        if (budget !== undefined) draft.retryBudget = budget;
      } else if (found.port === 0) draft.tls = tls;
      else draft.ports.set(found.port, tls);
    }
  }
  return { rules: [...drafts].map(([name, draft]) => ruleOf(name, draft, context)), findings };
}

/** The port that a section names, 0 for the whole Service; a text says why there is none. */
function resolveTarget(
  { metadata: { namespace } }: PolicyRow,
  target: TargetReference,
  { service }: PolicyContext,
): { readonly port: number } | string {
  if (kindOf(target, { group: '', kind: '' }) !== SERVICE) return `policies for ${target.kind} are not supported`;
  const spec = service(namespace, target.name);
  if (spec === undefined) return `there is no Service ${namespace}/${target.name}`;
  if (!target.sectionName) return { port: 0 };
  const port = (spec.ports ?? []).find(({ name }) => name === target.sectionName);
  return port === undefined ? `Service ${namespace}/${target.name} has no port ${target.sectionName}` : { port: port.port };
}

function clientTls(row: BackendTlsRow, { configMap }: PolicyContext, note: (finding: Finding) => void): ClientTLSSettings {
  const { hostname, subjectAltNames = [], caCertificateRefs = [], wellKnownCACertificates } = row.spec.validation;
  const names = subjectAltNames.flatMap(({ type, hostname: host, uri }) => (type === 'URI' ? uri : host) ?? []);
  const credential = (): string => {
    const field = 'spec.validation';
    if (wellKnownCACertificates !== undefined) {
      if (wellKnownCACertificates === 'System') return '';
      note({ code: 'unsupported', message: `wellKnownCACertificates ${wellKnownCACertificates} is not known`, field });
      return NO_CREDENTIAL;
    }
    const [ref, ...more] = caCertificateRefs;
    if (ref === undefined) return '';
    if (more.length > 0) note({ code: 'unsupported', message: 'only the first CA is used', field: `${field}.caCertificateRefs` });
    const { namespace } = row.metadata;
    const spec = kindOf(ref, { group: '', kind: 'ConfigMap' }) === CONFIG_MAP ? configMap(namespace, ref.name) : undefined;
    const fault = spec === undefined ? 'does not exist' : caFault(spec, false);
    if (fault === undefined) return `configmap://${namespace}/${ref.name}`;
    note({ code: 'unresolved-reference', message: `ConfigMap ${namespace}/${ref.name} ${fault}`, field: `${field}.caCertificateRefs[0]` });
    return NO_CREDENTIAL;
  };
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

function ruleOf(name: string, { from, tls, retryBudget: budget, ports }: Draft, { domain }: PolicyContext): DestinationRule {
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
      name: policyName(name),
      namespace,
      labels: {},
      annotations: { 'internal.istio.io/parents': [...new Set(from.map((row) => `${row.kind}/${keyOf(row).replace('/', '.')}`))].join(',') },
    },
    spec: { host: `${name}.${namespace}.svc.${domain}`, trafficPolicy } as DestinationRuleSpec,
    // Older than every rule that a user may have written for the host.
    createdAt: 0,
    ...(first.location === undefined ? {} : { location: first.location }),
  };
}
