/**
 * What Istio's webhook says about a resource, beyond its CRD: one validator per kind.
 * Verdicts follow Istio; a resource that it lets in must not be refused here. https://istio.io/latest/docs/ops/common-problems/validation/
 */
import type { AnyRow, Kind, KindTypes } from '../api/kinds.js';
import type { Problem } from '../api/problem.js';
import { validateAuthorizationPolicy } from './authorization-policy.js';
import { validateDestinationRule } from './destination-rule/index.js';
import { validateEnvoyFilter } from './envoy-filter.js';
import { validateProxyConfig, validateTrafficExtension, validateWasmPlugin } from './extensions.js';
import { Findings } from './findings.js';
import { validateGateway } from './gateway.js';
import { validateAnnotations } from './metadata.js';
import { validatePeerAuthentication } from './peer-authentication.js';
import { validateRequestAuthentication } from './request-authentication.js';
import { validateServiceEntry } from './service-entry.js';
import { validateSidecar } from './sidecar.js';
import { validateTelemetry } from './telemetry.js';
import { validateVirtualService } from './virtual-service/index.js';
import { validateWorkloadEntry } from './workload-entry.js';
import { validateWorkloadGroup } from './workload-group.js';

const validators: { readonly [K in Kind]?: (row: KindTypes[K], findings: Findings) => void } = {
  VirtualService: validateVirtualService,
  DestinationRule: validateDestinationRule,
  Gateway: validateGateway,
  ServiceEntry: validateServiceEntry,
  Sidecar: validateSidecar,
  WorkloadEntry: validateWorkloadEntry,
  WorkloadGroup: validateWorkloadGroup,
  EnvoyFilter: validateEnvoyFilter,
  ProxyConfig: validateProxyConfig,
  PeerAuthentication: validatePeerAuthentication,
  RequestAuthentication: validateRequestAuthentication,
  AuthorizationPolicy: validateAuthorizationPolicy,
  Telemetry: validateTelemetry,
  WasmPlugin: validateWasmPlugin,
  TrafficExtension: validateTrafficExtension,
};

type Validator = (row: AnyRow, findings: Findings) => void;

/** Problems of a row whose spec has its kind's shape. */
export function validateResource(row: AnyRow): Problem[] {
  // The table has the validator of this very kind under it.
  const validator = validators[row.kind] as unknown as Validator | undefined;
  if (validator === undefined) return [];
  const findings = new Findings({ kind: row.kind, namespace: row.metadata.namespace, name: row.metadata.name });
  validateAnnotations(row, findings);
  if (!findings.failed) validator(row, findings);
  return findings.problems;
}
