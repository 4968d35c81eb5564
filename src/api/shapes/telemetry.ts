/**
 * What a Telemetry may hold: fields, types, limits and rules of its CRD. https://istio.io/latest/docs/reference/config/
 */
import { durationOf1ms, removeWithoutValue, upsertHasValue } from './checks.js';
import { selector, targetRef, targetRefs } from './istio-shared.js';
import { bool, list, map, nullable, numWith, obj, oneOf, str, strWith } from './shape.js';

const environment = obj({ defaultValue: str, name: strWith({ min: 1 }) }, { required: ['name'] });
const mode = oneOf(['CLIENT_AND_SERVER', 'CLIENT', 'SERVER']);
const providers = list(obj({ name: strWith({ min: 1 }) }, { required: ['name'] }));

/** `spec` of Telemetry. */
export const telemetryShape = obj(
  {
    accessLogging: list(obj({ disabled: nullable(bool), filter: obj({ expression: str }), match: obj({ mode: mode }), providers: providers })),
    metrics: list(
      obj({
        overrides: list(
          obj({
            disabled: nullable(bool),
            match: obj(
              {
                customMetric: strWith({ min: 1 }),
                metric: oneOf([
                  'ALL_METRICS',
                  'REQUEST_COUNT',
                  'REQUEST_DURATION',
                  'REQUEST_SIZE',
                  'RESPONSE_SIZE',
                  'TCP_OPENED_CONNECTIONS',
                  'TCP_CLOSED_CONNECTIONS',
                  'TCP_SENT_BYTES',
                  'TCP_RECEIVED_BYTES',
                  'GRPC_REQUEST_MESSAGES',
                  'GRPC_RESPONSE_MESSAGES',
                ]),
                mode: mode,
              },
              { atMostOne: [['metric', 'customMetric']] },
            ),
            tagOverrides: map(obj({ operation: oneOf(['UPSERT', 'REMOVE']), value: str }, { checks: [upsertHasValue, removeWithoutValue] })),
          }),
        ),
        providers: providers,
        reportingInterval: strWith({ checks: [durationOf1ms] }),
      }),
    ),
    selector: selector,
    targetRef: targetRef,
    targetRefs: targetRefs,
    tracing: list(
      obj({
        customTags: map(
          obj(
            {
              environment: environment,
              formatter: obj({ value: strWith({ min: 1 }) }, { required: ['value'] }),
              header: environment,
              literal: obj({ value: strWith({ min: 1 }) }, { required: ['value'] }),
            },
            { atMostOne: [['literal', 'environment', 'header', 'formatter']] },
          ),
        ),
        disableContextPropagation: nullable(bool),
        disableSpanReporting: nullable(bool),
        enableIstioTags: nullable(bool),
        match: obj({ mode: mode }),
        providers: providers,
        randomSamplingPercentage: numWith({ nullable: true, min: 0, max: 100 }),
        useRequestIdForTraceSampling: nullable(bool),
      }),
    ),
  },
  { atMostOne: [['selector', 'targetRef', 'targetRefs']] },
);
