/**
 * Status of policies: an entry per target for the mesh, and of BackendTLSPolicies one per Gateway whose routes lead there (GA-020, GA-028). Pure.
 * https://gateway-api.sigs.k8s.io/reference/spec/#policystatus
 */
import type { PolicyRow } from '../model/gateway-api/backend-policies.js';
import type { Finding } from '../model/gateway-api/finding.js';
import type { ParentReference, TargetReference } from '../model/gateway-api/types.js';
import { fails, holds, type Verdict } from './condition.js';
import { type AncestorDraft, CONTROLLER, headOf, MESH_CONTROLLER, type StatusDraft } from './draft.js';

const VALID = 'Configuration is valid';
const IGNORED = 'istio.io/ignore-policy-attachment';

export const isIgnored = ({ metadata }: PolicyRow): boolean => metadata.annotations[IGNORED]?.toLowerCase() === 'true';

/** `gateways`: keys of those whose routes send requests to one of the targets, sorted. */
export function policyDraft(row: PolicyRow, findings: readonly Finding[], gateways: readonly string[]): StatusDraft {
  const targets = row.spec.targetRefs ?? [];
  const atTargets = targets.map((target, i): AncestorDraft => {
    const conditions = isIgnored(row) ? [fails('Accepted', 'IgnoredByIstio', `annotation ${IGNORED} is set`)] : conditionsAt(row, i, findings);
    return { ref: referenceTo(target), controller: MESH_CONTROLLER, conditions };
  });
  // What holds at the first target that is found holds at the Gateways.
  const sample = atTargets.find(({ conditions }) => conditions.every(({ reason }) => reason !== 'TargetNotFound'));
  const atGateways = gateways.map((key): AncestorDraft => {
    const [namespace = '', name = ''] = key.split('/');
    const ref = { group: 'gateway.networking.k8s.io', kind: 'Gateway', ...(namespace !== row.metadata.namespace && { namespace }), name };
    return { ref, controller: CONTROLLER, conditions: sample?.conditions ?? [] };
  });
  return { ...headOf(row), ancestors: [...atTargets, ...(sample === undefined ? [] : atGateways)] };
}

const referenceTo = ({ group = '', kind, name, sectionName }: TargetReference): ParentReference => ({
  group,
  kind,
  name,
  ...(sectionName !== undefined && { sectionName }),
});

function conditionsAt(row: PolicyRow, index: number, findings: readonly Finding[]): readonly Verdict[] {
  const ofTarget = findings.find(({ field }) => field === `spec.targetRefs[${index}]`);
  const ofCa = findings.find(({ reason, field }) => reason !== undefined && field.startsWith('spec.validation.caCertificateRefs'));
  const invalid = findings.find(({ reason }) => reason === 'Invalid');
  const ignored = findings.filter(({ reason }) => reason === undefined).map(({ message }) => message);
  const accepted =
    ofTarget !== undefined
      ? fails('Accepted', ofTarget.reason ?? 'Invalid', ofTarget.message)
      : ofCa !== undefined
        ? fails('Accepted', 'NoValidCACertificate', ofCa.message)
        : invalid !== undefined
          ? fails('Accepted', 'Invalid', invalid.message)
          : holds('Accepted', 'Accepted', [VALID, ...ignored].join('; '));
  if (row.kind !== 'BackendTLSPolicy') return [accepted];
  return [
    accepted,
    ofCa === undefined ? holds('ResolvedRefs', 'ResolvedRefs', VALID) : fails('ResolvedRefs', ofCa.reason ?? 'InvalidCACertificateRef', ofCa.message),
  ];
}
