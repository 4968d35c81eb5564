/** Classes that we serve: those that exist without anybody's doing, and what their status says (GA-001). Pure. */
import type { GatewayClassRow } from '../model/gateway-api/types.js';
import { holds } from './condition.js';
import { headOf, type StatusDraft } from './draft.js';
import { SUPPORTED_FEATURES } from './features.js';

const MANAGED = 'istio.io/gateway-controller';
const UNMANAGED = 'istio.io/unmanaged-gateway';

/** Made by the leader where they are missing; whoever changes one keeps it so. */
export const OWN_CLASSES: Readonly<Record<string, { readonly controllerName: string; readonly description: string }>> = {
  istio: { controllerName: MANAGED, description: 'The default Istio GatewayClass' },
  'istio-remote': { controllerName: UNMANAGED, description: 'Remote to this cluster. Does not deploy or affect configuration.' },
};

/** Undefined for classes of others. Words are as istiod's, which may stand beside us and write the same condition. */
export function gatewayClassDraft(row: GatewayClassRow): StatusDraft | undefined {
  const { controllerName } = row.spec;
  if (controllerName !== MANAGED && controllerName !== UNMANAGED) return undefined;
  return {
    ...headOf(row),
    conditions: [holds('Accepted', 'Accepted', 'Handled by Istio controller')],
    ...(controllerName === MANAGED && { fields: { supportedFeatures: SUPPORTED_FEATURES.map((name) => ({ name })) } }),
  };
}
