/**
 * outlierDetection → passive health checks (DR-021, SD-020). https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/outlier
 */
import type { OutlierDetection } from '../../api/istio.js';
import { duration } from '../proto.js';
import type { ClusterDraft } from './draft.js';

/** A counter of 0 switches its check off; success-rate checks are never used. */
const enforcing = (errors: number): number => (errors > 0 ? 100 : 0);

/** `minHealthPercent` is Envoy's panic threshold; services that always show unhealthy endpoints must never panic. */
export function applyOutlierDetection(draft: ClusterDraft, outlier: OutlierDetection, forcesUnhealthyEndpoints: boolean): void {
  const { consecutive5xxErrors: fivexx, consecutiveGatewayErrors: gateway, consecutiveLocalOriginFailures: localOrigin } = outlier;
  draft.cluster.outlierDetection = {
    enforcingSuccessRate: 0,
    ...(fivexx === undefined ? {} : { consecutive5xx: fivexx, enforcingConsecutive5xx: enforcing(fivexx) }),
    ...(gateway === undefined ? {} : { consecutiveGatewayFailure: gateway, enforcingConsecutiveGatewayFailure: enforcing(gateway) }),
    ...(outlier.interval ? { interval: duration(outlier.interval) } : {}),
    ...(outlier.baseEjectionTime ? { baseEjectionTime: duration(outlier.baseEjectionTime) } : {}),
    ...(outlier.maxEjectionPercent ? { maxEjectionPercent: outlier.maxEjectionPercent } : {}),
    ...(outlier.splitExternalLocalOriginErrors
      ? {
          splitExternalLocalOriginErrors: true,
          enforcingLocalOriginSuccessRate: 0,
          ...(localOrigin ? { consecutiveLocalOriginFailure: localOrigin, enforcingConsecutiveLocalOriginFailure: 100 } : {}),
        }
      : {}),
  };
  const percent = outlier.minHealthPercent ?? 0;
  if (percent >= 0)
    draft.cluster.commonLbConfig = { ...draft.cluster.commonLbConfig, healthyPanicThreshold: { value: forcesUnhealthyEndpoints ? 0 : percent } };
}
