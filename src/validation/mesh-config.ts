/**
 * MeshConfig and mesh networks: fields, enums, durations, names. Unknown fields are told and let in, as Istio does, so that one file
 * serves several versions. https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/
 */
import { parseDuration } from '../api/duration.js';
import type { MeshConfig } from '../api/mesh-config.js';
import type { FieldPath } from '../api/problem.js';
import { checkShape } from '../api/schema.js';
import { meshConfigShape, meshNetworksShape } from '../api/shapes/mesh-config.js';
import { isLabel, wildcardDomain } from './names.js';
import { duration } from './values.js';

export interface SettingsProblem {
  readonly severity: 'error' | 'warning';
  readonly code: string;
  readonly path: FieldPath;
  readonly message: string;
}

/** What is wrong with a MeshConfig as the user wrote it. */
export function validateMeshConfig(value: unknown): SettingsProblem[] {
  const problems = shapeProblems(checkShape(meshConfigShape, value));
  if (problems.some((problem) => problem.severity === 'error')) return problems;
  const config = value as MeshConfig;
  const check = (path: FieldPath, message: string | undefined): void => {
    if (message !== undefined) problems.push({ severity: 'error', code: 'invalid', path, message });
  };
  for (const field of ['connectTimeout', 'dnsRefreshRate'] as const) check([field], duration(config[field] ?? undefined));
  for (const field of ['protocolDetectionTimeout', 'hboneIdleTimeout'] as const) {
    const text = config[field] ?? undefined;
    if (text !== undefined && parseDuration(text) === undefined) check([field], `'${text}' is no duration (such as 10s, 1h or 500ms)`);
  }
  if ((parseDuration(config.connectTimeout ?? '0') ?? 0) > 3600e9) check(['connectTimeout'], 'must be one hour at most');
  check(['trustDomain'], trustDomain(config.trustDomain ?? undefined));
  for (const [index, alias] of (config.trustDomainAliases ?? []).entries()) check(['trustDomainAliases', index], trustDomain(alias));
  for (const [index, { hosts }] of (config.serviceSettings ?? []).entries())
    for (const [position, host] of (hosts ?? []).entries()) check(['serviceSettings', index, 'hosts', position], wildcardDomain(host));
  if (config.meshMTLS?.ecdhCurves !== undefined) check(['meshMTLS', 'ecdhCurves'], 'is not supported for the mesh');
  return problems;
}

/** What is wrong with a file of mesh networks. */
export const validateMeshNetworks = (value: unknown): SettingsProblem[] => shapeProblems(checkShape(meshNetworksShape, value));

function shapeProblems(found: ReturnType<typeof checkShape>): SettingsProblem[] {
  return found.map((problem) => ({ ...problem, severity: problem.code === 'unknown-field' ? 'warning' : 'error' }));
}

function trustDomain(domain: string | undefined): string | undefined {
  if (domain === undefined) return undefined;
  const parts = domain.replace(/\.$/, '').split('.');
  return domain !== '' && parts.every(isLabel) ? undefined : `'${domain}' is no trust domain`;
}
