/** What the status of one resource should say, without regard to what it says now: a plain value, made by the queries of this folder. */
import type { Kind } from '../api/kinds.js';
import type { Resource } from '../api/resource.js';
import type { ParentReference, RouteKind } from '../model/gateway-api/types.js';
import type { Verdict } from './condition.js';

/** Who writes entries of routes' `parents`, and of policies' `ancestors`. */
export const CONTROLLER = 'istio.io/gateway-controller';
/** Who writes entries for Services, of policies. */
export const MESH_CONTROLLER = 'istio.io/mesh-controller';

export interface StatusDraft {
  readonly kind: Kind;
  readonly apiVersion: string;
  readonly namespace: string;
  readonly name: string;
  /** Generation of the spec that was judged. */
  readonly generation?: number;
  /** It is the newest version that was judged, whichever that is. */
  readonly judgesLatest?: true;
  readonly conditions?: readonly Verdict[];
  /** Types of conditions that were ours at times and do not hold now. */
  readonly obsolete?: readonly string[];
  /** Listeners of a Gateway or ListenerSet, all of them. */
  readonly listeners?: readonly ListenerDraft[];
  /** Our entries of a route's `parents`. */
  readonly parents?: readonly ParentDraft[];
  /** Our entries of a policy's `ancestors`. */
  readonly ancestors?: readonly AncestorDraft[];
  /** Other fields, each as a whole. Those that are not named stay as they are. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** Fields that we may have written and that stay while we have nothing better to say. */
  readonly kept?: readonly string[];
  /** Counts that are 0 now, where they stand at all. */
  readonly zeroed?: readonly string[];
}

export interface ListenerDraft {
  readonly name: string;
  readonly kinds: readonly RouteKind[];
  readonly attachedRoutes: number;
  readonly conditions: readonly Verdict[];
}

export interface ParentDraft {
  readonly ref: ParentReference;
  readonly conditions: readonly Verdict[];
}

export interface AncestorDraft extends ParentDraft {
  readonly controller: string;
}

/** Names of drafts: `kind namespace/name`. */
export const draftId = ({ kind, namespace, name }: Record<'kind' | 'namespace' | 'name', string>): string => `${kind} ${namespace}/${name}`;

/** The head of a draft for a row. */
export function headOf({ kind, apiVersion, metadata }: Resource): Pick<StatusDraft, 'kind' | 'apiVersion' | 'namespace' | 'name' | 'generation'> {
  const { namespace, name, generation } = metadata;
  return { kind: kind as Kind, apiVersion, namespace, name, ...(generation !== undefined && { generation }) };
}
