/** TLS of a listener as Istio's ServerTLSSettings (GA-008, GA-009, GA-019). Pure: Secrets are looked up by the caller's functions. */
import type { ServerTLSSettings } from '../../api/istio.js';
import type { ConfigMapSpec, SecretSpec } from '../../api/kubernetes.js';
import { caFault, certificateFault } from './certificates.js';
import type { Finding } from './finding.js';
import { CONFIG_MAP, kindOf, namespaceOf, type References, type Referrer, SECRET } from './references.js';
import type { FrontendTls, Listener, ObjectReference } from './types.js';

export interface TlsContext {
  /** The Gateway or ListenerSet. */
  readonly owner: Referrer;
  /** Labels of the owner. */
  readonly labels: Readonly<Record<string, string>>;
  readonly frontend: FrontendTls | undefined;
  readonly references: References;
  readonly secret: (namespace: string, name: string) => SecretSpec | undefined;
  readonly configMap: (namespace: string, name: string) => ConfigMapSpec | undefined;
}

/** Without `tls`, and with `isValid` false, the listener can't be served. */
export interface ListenerTls {
  readonly tls?: ServerTLSSettings;
  readonly isValid: boolean;
  readonly findings: readonly Finding[];
}

const MODE_OPTION = 'gateway.istio.io/tls-terminate-mode';
const CIPHERS_OPTION = 'gateway.istio.io/tls-cipher-suites';
const PROTOCOL_OPTION = 'gateway.istio.io/listener-protocol';
const OPTIONS = [MODE_OPTION, CIPHERS_OPTION, PROTOCOL_OPTION];

export function listenerTls(listener: Listener, field: string, context: TlsContext): ListenerTls {
  const unknown = Object.keys(listener.tls?.options ?? {}).filter((option) => !OPTIONS.includes(option));
  const made = settingsOf(listener, field, context);
  const findings = unknown.map(
    (option): Finding => ({ code: 'unsupported', message: `option ${option} is not known`, field: `${field}.tls.options` }),
  );
  return { ...made, findings: [...made.findings, ...findings] };
}

function settingsOf(listener: Listener, field: string, context: TlsContext): ListenerTls {
  const { tls } = listener;
  if (tls === undefined) return { isValid: true, findings: [] };
  const ciphers = (tls.options?.[CIPHERS_OPTION] ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const withCiphers = (settings: ServerTLSSettings): ServerTLSSettings => (ciphers.length === 0 ? settings : { ...settings, cipherSuites: ciphers });
  if (tls.mode === 'Passthrough') {
    return {
      tls: withCiphers({ mode: isAutoPassthrough(listener, context.labels) ? 'AUTO_PASSTHROUGH' : 'PASSTHROUGH' }),
      isValid: true,
      findings: [],
    };
  }
  const option = tls.options?.[MODE_OPTION];
  if (option === 'ISTIO_SIMPLE') return { tls: { mode: 'SIMPLE', credentialName: 'builtin://' }, isValid: true, findings: [] };
  if (option === 'ISTIO_MUTUAL') return { tls: { mode: 'ISTIO_MUTUAL' }, isValid: true, findings: [] };
  const own = serverCertificates(tls.certificateRefs ?? [], `${field}.tls`, context);
  if (!own.isValid) return { tls: { mode: 'SIMPLE' }, isValid: false, findings: own.findings };
  const mode = option === 'MUTUAL' || option === 'OPTIONAL_MUTUAL' ? option : 'SIMPLE';
  const [only, ...more] = own.names;
  const certificate = more.length === 0 ? { credentialName: only as string } : { credentialNames: [...own.names] };
  const client = clientValidation(`${field}.tls`, option, context);
  const settings = { mode, ...certificate, ...client.settings } as ServerTLSSettings;
  return { tls: withCiphers(settings), isValid: client.isValid, findings: [...own.findings, ...client.findings] };
}

/** East-west gateways between networks hand mutual TLS on by SNI. */
function isAutoPassthrough({ port, tls }: Listener, labels: Readonly<Record<string, string>>): boolean {
  const byNetwork = labels['topology.istio.io/network'] !== undefined && String(port) === (labels['networking.istio.io/gatewayPort'] ?? '15443');
  return byNetwork || tls?.options?.[PROTOCOL_OPTION] === 'auto-passthrough';
}

interface Certificates {
  readonly names: readonly string[];
  readonly isValid: boolean;
  readonly findings: readonly Finding[];
}

/** One good certificate is enough to serve. Whether a Secret exists is told only to those who may use it. */
function serverCertificates(refs: readonly ObjectReference[], field: string, { owner, references, secret }: TlsContext): Certificates {
  const findings: Finding[] = [];
  const note = (code: Finding['code'], message: string, i: number): [] => {
    const reason = code === 'reference-not-permitted' ? 'RefNotPermitted' : 'InvalidCertificateRef';
    findings.push({ code, message, field: `${field}.certificateRefs[${i}]`, reason });
    return [];
  };
  if (refs.length > 2) note('unsupported', 'no more than 2 certificates are supported', 2);
  const names = refs.flatMap((ref, i) => {
    const namespace = namespaceOf(ref, owner.namespace);
    if (kindOf(ref, { group: '', kind: 'Secret' }) !== SECRET) return note('unsupported', 'a certificate must be in a Secret', i);
    if (namespace !== owner.namespace && !references.isGranted(owner, SECRET, namespace, ref.name))
      return note('reference-not-permitted', `no ReferenceGrant in namespace ${namespace} lets this use Secret ${ref.name}`, i);
    const spec = secret(namespace, ref.name);
    if (spec === undefined) return note('unresolved-reference', `there is no Secret ${namespace}/${ref.name}`, i);
    const fault = certificateFault(spec);
    return fault === undefined ? [`kubernetes-gateway://${namespace}/${ref.name}`] : note('invalid', `Secret ${namespace}/${ref.name} ${fault}`, i);
  });
  if (refs.length === 0) note('unresolved-reference', 'a listener that ends TLS needs a certificate', 0);
  return { names, isValid: names.length > 0 && refs.length <= 2, findings };
}

/** What the Gateway asks of clients on this port. */
function clientValidation(
  field: string,
  option: string | undefined,
  { owner, frontend, references, secret, configMap }: TlsContext,
): { settings: Partial<ServerTLSSettings>; isValid: boolean; findings: readonly Finding[] } {
  const refs = frontend?.validation?.caCertificateRefs ?? [];
  const [ref] = refs;
  if (ref === undefined) return { settings: {}, isValid: true, findings: [] };
  const refused = (code: Finding['code'], message: string, reason = 'InvalidCACertificateRef') => ({
    settings: {},
    isValid: false,
    findings: [{ code, message, field, reason }],
  });
  if (refs.length > 1) return refused('unsupported', 'only one CA for clients is supported');
  const namespace = namespaceOf(ref, owner.namespace);
  const kind = kindOf(ref, { group: '', kind: 'ConfigMap' });
  if (kind !== SECRET && kind !== CONFIG_MAP)
    return refused('unsupported', 'the CA for clients must be in a ConfigMap or Secret', 'InvalidCACertificateKind');
  if (namespace !== owner.namespace && !references.isGranted(owner, kind, namespace, ref.name))
    return refused('reference-not-permitted', `no ReferenceGrant in namespace ${namespace} lets this use ${ref.name}`, 'RefNotPermitted');
  const spec = (kind === SECRET ? secret : configMap)(namespace, ref.name);
  if (spec === undefined) return refused('unresolved-reference', `there is no ${kind.slice(1)} ${namespace}/${ref.name}`);
  const fault = caFault(spec, kind === SECRET);
  if (fault !== undefined) return refused('invalid', `${kind.slice(1)} ${namespace}/${ref.name} ${fault}`);
  const isInsecure = frontend?.validation?.mode === 'AllowInsecureFallback' && option !== 'MUTUAL' && option !== 'OPTIONAL_MUTUAL';
  return {
    settings: {
      mode: isInsecure || option === 'OPTIONAL_MUTUAL' ? 'OPTIONAL_MUTUAL' : 'MUTUAL',
      insecureSkipVerify: isInsecure,
      caCertCredentialName: `${kind === SECRET ? 'kubernetes-gateway' : 'configmap'}://${namespace}/${ref.name}-cacert`,
    },
    isValid: true,
    findings: [],
  };
}
