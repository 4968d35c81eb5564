/**
 * Everything that is applied for one managed Gateway, in the order in which it is applied (GA-002). Pure.
 * https://istio.io/latest/docs/tasks/traffic-management/ingress/gateway-api/#automated-deployment
 */
import { deploymentOf } from './deployment.js';
import { type GatewaySettings, type ManagedGateway, type Manifest, objectMeta, serviceAccountName } from './managed-gateway.js';
import { checkOverlays, withOverlays } from './overlay.js';
import { autoscalerOf, disruptionBudgetOf } from './scaling.js';
import { serviceOf } from './service.js';

/** @throws Error that says what is wrong with the Gateway's annotations or overlays; then nothing of it is applied. */
export function manifestsOf(managed: ManagedGateway, settings: GatewaySettings): readonly Manifest[] {
  const { gateway, overlays } = managed;
  for (const one of overlays) checkOverlays(one);
  const account: Manifest = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: objectMeta(gateway, serviceAccountName(gateway)) };
  const made = [
    ...[account, deploymentOf(managed, settings), serviceOf(managed)].map((manifest) => withOverlays(manifest, overlays)),
    ...[autoscalerOf(managed), disruptionBudgetOf(managed)].map((manifest) => withOverlays(manifest, overlays, true)),
  ];
  return made.filter((manifest) => manifest !== undefined);
}
