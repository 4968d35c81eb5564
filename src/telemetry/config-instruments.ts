/**
 * What is counted of configuration on its way in (MT-003, MT-008), under istiod's names. Files take the place of Kubernetes: an event
 * is a row that came, changed or went, whoever wrote it.
 */
import type { Instruments } from './instruments.js';

const EVENT = ['type', 'event'] as const;

export const configInstruments = (make: Instruments) => ({
  /** One transaction: rows written and everybody told. */
  pushContextInit: make.histogram('pilot_pushcontext_init_seconds', 'Time in seconds that a configuration transaction took.'),
  debounceTime: make.histogram(
    'pilot_debounce_time',
    'Delay in seconds between the first event of a change and its end in the push queue, transaction included.',
  ),
  pushTriggers: make.counter('pilot_push_triggers', 'Times that a push was triggered, by cause.', ['type']),
  inboundUpdates: make.counter('pilot_inbound_updates', 'Configuration updates received, by what they concern.', ['type']),
  configEvents: make.counter('pilot_k8s_cfg_events', 'Events of configuration resources, by kind and event.', EVENT),
  registryEvents: make.counter('pilot_k8s_reg_events', "Events of Kubernetes' own resources, by kind and event.", EVENT),
  rejected: make.counter('pilot_total_rejected_configs', 'Errors found in configuration resources since start, by kind.', ['type']),
  registered: make.counter('auto_registration_success_total', 'Workloads that registered.'),
  registrationUpdates: make.counter('auto_registration_updates_total', 'Registered workloads that connected again.'),
  unregistered: make.counter('auto_registration_unregister_total', 'Registered workloads whose last stream ended.'),
  registrationDeletes: make.counter('auto_registration_deletes_total', 'Registered workloads taken away after their grace period.'),
  registrationErrors: make.counter('auto_registration_errors_total', 'Registrations that were refused or could not be kept.'),
  keysFetched: make.counter('pilot_jwks_resolver_network_fetch_success_total', 'Fetches of keys for tokens that succeeded.'),
  keysFailed: make.counter('pilot_jwks_resolver_network_fetch_fail_total', 'Fetches of keys for tokens that failed.'),
});

export type ConfigInstruments = ReturnType<typeof configInstruments>;
