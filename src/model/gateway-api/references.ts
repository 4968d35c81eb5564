/** References between Gateway API resources: their kinds, and whether another namespace grants them (GA-019). Pure. */
import type { GrantRow, ObjectReference } from './types.js';

export const GATEWAY_GROUP = 'gateway.networking.k8s.io';
const EXPERIMENTAL_GROUP = 'gateway.networking.x-k8s.io';

/** `group/kind` with the defaults of the field that holds the reference. */
export function kindOf({ group, kind }: { readonly group?: string; readonly kind?: string }, defaults: { group: string; kind: string }): string {
  const known = `${group ?? defaults.group}/${kind ?? defaults.kind}`;
  if (known === `${EXPERIMENTAL_GROUP}/XListenerSet`) return `${GATEWAY_GROUP}/ListenerSet`;
  return known.startsWith('core/') ? known.slice('core'.length) : known;
}

export const SERVICE = '/Service';
export const SERVICE_ENTRY = 'networking.istio.io/ServiceEntry';
export const SECRET = '/Secret';
export const CONFIG_MAP = '/ConfigMap';

/** The side that refers: kind as `group/kind`. */
export interface Referrer {
  readonly kind: string;
  readonly namespace: string;
}

/** True when one of the grants of the target's namespace lets the referrer in. */
export function isGranted(grants: Iterable<GrantRow>, from: Referrer, toKind: string, name: string): boolean {
  for (const { spec } of grants) {
    const admits = (spec.from ?? []).some((entry) => entry.namespace === from.namespace && kindOf(entry, { group: '', kind: '' }) === from.kind);
    if (!admits) continue;
    if ((spec.to ?? []).some((entry) => kindOf(entry, { group: '', kind: '' }) === toKind && (entry.name === undefined || entry.name === name)))
      return true;
  }
  return false;
}

/** What conversions may ask of the rest of the mesh. */
export interface References {
  /** A Kubernetes Service exists. */
  readonly hasService: (namespace: string, name: string) => boolean;
  /** Any service of that name is known: Kubernetes', or a ServiceEntry's. */
  readonly hasHostname: (hostname: string) => boolean;
  /** A grant in `namespace` lets the referrer use the object. */
  readonly isGranted: (from: Referrer, toKind: string, namespace: string, name: string) => boolean;
  /** Domain of Kubernetes names. */
  readonly domain: string;
  /** The same of what a ServiceImport stands for. */
  readonly importDomain: string;
}

export const namespaceOf = (ref: Pick<ObjectReference, 'namespace'>, own: string): string => ref.namespace || own;
