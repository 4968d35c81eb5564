/**
 * Whose a Gateway is among control planes of different ages (GA-006): the annotation holds the version of its controller, the larger one wins.
 * Ours counts as Istio's since 1.18. We do not write it: the API server drops metadata that is written with the status, which is how Istio does it,
 * and to change Gateways as such is a permission that nothing else needs.
 */
import type { GatewayRow } from '../../model/gateway-api/types.js';

const OURS = 5;

/** True where somebody newer has the Gateway, or somebody of a scheme that we don't know: what is no number. */
export function hasNewerController({ metadata }: GatewayRow): boolean {
  const version = metadata.annotations['gateway.istio.io/controller-version'];
  return version !== undefined && (!/^\d+$/.test(version) || Number(version) > OURS);
}
