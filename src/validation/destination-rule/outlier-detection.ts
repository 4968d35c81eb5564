/** Outlier detection. https://istio.io/latest/docs/reference/config/networking/destination-rule/#OutlierDetection */
import type { OutlierDetection } from '../../api/istio.js';
import type { Findings } from '../findings.js';
import { duration, percent } from '../values.js';

export function validateOutlierDetection(outlier: OutlierDetection | undefined, findings: Findings): void {
  if (outlier === undefined) return;
  findings.at('baseEjectionTime').check(duration(outlier.baseEjectionTime));
  findings.at('interval').check(duration(outlier.interval));
  if ((outlier.consecutiveErrors ?? 0) !== 0)
    findings.at('consecutiveErrors').warn('is deprecated; use consecutive5xxErrors or consecutiveGatewayErrors');
  if (outlier.splitExternalLocalOriginErrors !== true && (outlier.consecutiveLocalOriginFailures ?? 0) > 0)
    findings.at('consecutiveLocalOriginFailures').error('needs splitExternalLocalOriginErrors: true');
  findings.at('maxEjectionPercent').check(percent(outlier.maxEjectionPercent));
  findings.at('minHealthPercent').check(percent(outlier.minHealthPercent));
}
