/** What a managed Gateway has only when an overlay asks for it (GA-003): an autoscaler and a disruption budget, whose numbers are the overlay's. */
import { GATEWAY_NAME, type ManagedGateway, type Manifest, objectMeta, workloadName } from './managed-gateway.js';

export const autoscalerOf = ({ gateway }: ManagedGateway): Manifest => ({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: objectMeta(gateway),
  spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: workloadName(gateway) }, maxReplicas: 1 },
});

export const disruptionBudgetOf = ({ gateway }: ManagedGateway): Manifest => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: objectMeta(gateway),
  spec: { selector: { matchLabels: { [GATEWAY_NAME]: gateway.metadata.name } } },
});
