/** Metrics of the webhooks, by istiod's names (MT-006). https://istio.io/latest/docs/reference/commands/pilot-discovery/#metrics */
import { Counter, Histogram, type Registry } from 'prom-client';

export class WebhookMetrics {
  readonly injections: Counter;
  readonly injected: Counter;
  readonly failed: Counter;
  readonly skipped: Counter;
  readonly injectionTime: Histogram;
  readonly valid: Counter<'group' | 'version' | 'resource'>;
  readonly invalid: Counter<'group' | 'version' | 'resource' | 'reason'>;
  readonly httpErrors: Counter<'status'>;
  readonly patchAttempts: Counter<'name'>;
  readonly patchFailures: Counter<'name' | 'reason'>;

  constructor(registry: Registry) {
    const registers = [registry];
    const resource = ['group', 'version', 'resource'] as const;
    this.injections = new Counter({ registers, name: 'sidecar_injection_requests_total', help: 'Requests for injection.' });
    this.injected = new Counter({ registers, name: 'sidecar_injection_success_total', help: 'Requests for injection that were answered.' });
    this.failed = new Counter({ registers, name: 'sidecar_injection_failure_total', help: 'Pods that could not be injected.' });
    this.skipped = new Counter({ registers, name: 'sidecar_injection_skip_total', help: 'Pods that stay as they are.' });
    this.injectionTime = new Histogram({
      registers,
      name: 'sidecar_injection_time_seconds',
      help: 'Seconds that an injection took.',
      buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 1, 3, 5, 10, 20, 30, 60],
    });
    // What sources read is counted there as well.
    this.valid = shared(registry, 'galley_validation_passed', 'Resources that were valid.', resource);
    this.invalid = shared(registry, 'galley_validation_failed', 'Resources that were refused.', [...resource, 'reason']);
    this.httpErrors = new Counter({
      registers,
      name: 'galley_validation_http_error',
      help: 'Requests that were no reviews.',
      labelNames: ['status'],
    });
    this.patchAttempts = new Counter({
      registers,
      name: 'webhook_patch_attempts_total',
      help: 'Webhook configurations patched.',
      labelNames: ['name'],
    });
    this.patchFailures = new Counter({
      registers,
      name: 'webhook_patch_failures_total',
      help: 'Webhook configurations that could not be patched.',
      labelNames: ['name', 'reason'],
    });
  }
}

/** The counter of that name, made where nobody has. */
function shared<L extends string>(registry: Registry, name: string, help: string, labelNames: readonly L[]): Counter<L> {
  const found = registry.getSingleMetric(name) as Counter<L> | undefined;
  return found ?? new Counter({ registers: [registry], name, help, labelNames: [...labelNames] });
}
