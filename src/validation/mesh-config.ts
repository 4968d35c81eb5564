/**
 * MeshConfig and mesh networks: fields, enums, durations, names. Unknown fields are told and let in, as Istio does, so that one file
 * serves several versions. https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/
 */
import { parseDuration } from '../api/duration.js';
import type { MeshNetworks } from '../api/extensions.js';
import type { MeshConfig, PrivateKeyProvider } from '../api/mesh-config.js';
import type { FieldPath } from '../api/problem.js';
import { checkShape } from '../api/schema.js';
import { meshConfigShape, meshNetworksShape } from '../api/shapes/mesh-config.js';
import { isCertificate } from '../translate/secret/workload.js';
import { validateConnectionPool } from './destination-rule/connection-pool.js';
import { validateOutlierDetection } from './destination-rule/outlier-detection.js';
import { validateClientTls } from './destination-rule/tls.js';
import { validateExtensionProvider } from './extension-provider.js';
import { each, Findings } from './findings.js';
import { formatString } from './format-string.js';
import { validateNetworks } from './mesh-networks.js';
import { isLabel, wildcardDomain } from './names.js';
import { validateProxySettings } from './proxy-settings.js';
import { duration } from './values.js';
import { validateRetries } from './virtual-service/retries.js';

export interface SettingsProblem {
  readonly severity: 'error' | 'warning';
  readonly code: string;
  readonly path: FieldPath;
  readonly message: string;
}

/** What is wrong with a MeshConfig, once its fields without a value are gone. */
export function validateMeshConfig(value: unknown): SettingsProblem[] {
  const problems = shapeProblems(checkShape(meshConfigShape, value));
  if (problems.some((problem) => problem.severity === 'error')) return problems;
  const config = value as MeshConfig;
  const check = (path: FieldPath, message: string | undefined): void => {
    if (message !== undefined) problems.push({ severity: 'error', code: 'invalid', path, message });
  };
  for (const field of ['connectTimeout', 'dnsRefreshRate'] as const) check([field], duration(config[field]));
  if ((parseDuration(config.connectTimeout ?? '0') ?? 0) > 3600e9) check(['connectTimeout'], 'must be one hour at most');
  check(['trustDomain'], trustDomain(config.trustDomain));
  for (const [index, alias] of (config.trustDomainAliases ?? []).entries()) check(['trustDomainAliases', index], trustDomain(alias));
  for (const [index, { hosts }] of (config.serviceSettings ?? []).entries())
    for (const [position, host] of (hosts ?? []).entries()) check(['serviceSettings', index, 'hosts', position], wildcardDomain(host));
  for (const [index, pem] of (config.defaultConfig?.caCertificatesPem ?? []).entries())
    if (!isCertificate(pem)) check(['defaultConfig', 'caCertificatesPem', index], 'is no certificate of a CA in PEM');
  check(['defaultConfig', 'privateKeyProvider'], keyProviderProblem(config.defaultConfig?.privateKeyProvider));
  check(['accessLogFormat'], formatString(config.accessLogFormat ?? ''));
  problems.push(...partProblems(config));
  if (config.meshMTLS?.ecdhCurves !== undefined) check(['meshMTLS', 'ecdhCurves'], 'is not supported for the mesh');
  return problems;
}

/** Parts that other kinds have too are held to the same rules: Envoy would refuse everything that is made of them. */
function partProblems(config: MeshConfig): SettingsProblem[] {
  const findings = new Findings({ kind: 'MeshConfig', namespace: '', name: 'mesh' }, []);
  const { connectionPool, outlierDetection } = config.defaultTrafficPolicy ?? {};
  validateConnectionPool(connectionPool, findings.at('defaultTrafficPolicy', 'connectionPool'));
  validateOutlierDetection(outlierDetection, findings.at('defaultTrafficPolicy', 'outlierDetection'));
  for (const field of ['defaultHttpRetryPolicy', 'defaultInboundHttpRetryPolicy'] as const) validateRetries(config[field], findings.at(field), true);
  each(config.extensionProviders, findings.at('extensionProviders'), validateExtensionProvider);
  validateClientTls(config.outboundTrafficPolicy?.tls, findings.at('outboundTrafficPolicy', 'tls'));
  validateProxySettings(config.defaultConfig, findings.at('defaultConfig'));
  return settingsProblems(findings);
}

const settingsProblems = ({ problems }: Findings): SettingsProblem[] =>
  problems.map(({ severity, code, path = [], message }) => ({ severity: severity === 'error' ? 'error' : 'warning', code, path, message }));

/** What is wrong with a file of mesh networks. */
export function validateMeshNetworks(value: unknown): SettingsProblem[] {
  const problems = shapeProblems(checkShape(meshNetworksShape, value));
  if (problems.some((problem) => problem.severity === 'error')) return problems;
  const findings = new Findings({ kind: 'MeshNetworks', namespace: '', name: 'mesh' }, []);
  validateNetworks(value as MeshNetworks, findings);
  return [...problems, ...settingsProblems(findings)];
}

function shapeProblems(found: ReturnType<typeof checkShape>): SettingsProblem[] {
  return found.map((problem) => ({ ...problem, severity: problem.code === 'unknown-field' ? 'warning' : 'error' }));
}

function trustDomain(domain: string | undefined): string | undefined {
  if (domain === undefined) return undefined;
  const parts = domain.replace(/\.$/, '').split('.');
  return domain !== '' && parts.every(isLabel) ? undefined : `'${domain}' is no trust domain`;
}

function keyProviderProblem(provider: PrivateKeyProvider | undefined): string | undefined {
  if (provider === undefined) return undefined;
  const named = [provider.cryptomb, provider.qat].filter((one) => one !== undefined);
  if (named.length !== 1) return 'needs one of cryptomb and qat';
  return named[0]?.pollDelay ? undefined : 'needs pollDelay';
}
