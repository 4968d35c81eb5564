/**
 * backendRefs as destinations (GA-013, GA-019). What can't be resolved stays in place, so that its share of requests is answered with 500 instead
 * of going elsewhere. https://gateway-api.sigs.k8s.io/reference/spec/#httpbackendref
 */
import type { Destination } from '../../api/istio.js';
import { type Finding, Refused } from './finding.js';
import { GATEWAY_GROUP, kindOf, namespaceOf, type References, SERVICE } from './references.js';
import type { BackendReference, ObjectReference, RouteKind } from './types.js';

/** One resolved reference. Without a host the destination means "nobody". */
export interface Backend {
  readonly destination: Destination;
  readonly finding?: Finding;
}

/** The route that refers. */
export interface BackendContext {
  readonly kind: RouteKind;
  readonly namespace: string;
  /** Routes for the mesh's clients need no grants: clients could call the service all the same. */
  readonly isMesh: boolean;
  readonly references: References;
}

const NOBODY: Destination = { host: '' };

/** Throws {@link Refused} for what is malformed rather than missing. */
export function resolveBackend(ref: ObjectReference, field: string, { kind, namespace: own, isMesh, references }: BackendContext): Backend {
  const target = kindOf(ref, { group: '', kind: 'Service' });
  const namespace = namespaceOf(ref, own);
  const nobody = (code: Finding['code'], reason: string, message: string): Backend => ({
    destination: NOBODY,
    finding: { code, message, field, reason },
  });
  if (!isMesh && namespace !== own && !references.isGranted({ kind: `${GATEWAY_GROUP}/${kind}`, namespace: own }, target, namespace, ref.name))
    return nobody(
      'reference-not-permitted',
      'RefNotPermitted',
      `no ReferenceGrant in namespace ${namespace} lets a ${kind} of namespace ${own} use ${ref.name}`,
    );
  const refuse = (message: string): Refused => new Refused({ code: 'invalid', message, field, reason: 'InvalidDestination' });
  if (target === SERVICE || target === 'multicluster.x-k8s.io/ServiceImport') {
    if (target === SERVICE && ref.name.includes('.')) throw refuse('a Service is named by its name, not by its host name');
    if (ref.port === undefined) throw refuse('a Service needs a port');
    const host = `${ref.name}.${namespace}.svc.${target === SERVICE ? references.domain : references.importDomain}`;
    const found = references.hasService(namespace, ref.name);
    return { destination: at(host, ref.port), ...missing(found, host, field) };
  }
  if (target === 'networking.istio.io/Hostname') {
    if (ref.namespace !== undefined) throw refuse('a Hostname has no namespace');
    if (ref.port === undefined) throw refuse('a Hostname needs a port');
    return { destination: at(ref.name, ref.port), ...missing(references.hasHostname(ref.name), ref.name, field) };
  }
  return nobody('unsupported', 'InvalidKind', `backends of kind ${target} are not supported`);
}

const at = (host: string, number: number): Destination => ({ host, port: { number } });
const missing = (found: boolean, host: string, field: string): { finding?: Finding } =>
  found ? {} : { finding: { code: 'unresolved-reference', message: `there is no service ${host}`, field, reason: 'BackendNotFound' } };

/** References that get traffic, with their weights and their places in the rule. */
export function weightedBackends(
  refs: readonly BackendReference[] | undefined,
): readonly { readonly ref: BackendReference; readonly index: number; readonly weight: number }[] {
  return (refs ?? []).flatMap((ref, index) => (ref.weight === 0 ? [] : [{ ref, index, weight: ref.weight ?? 1 }]));
}
