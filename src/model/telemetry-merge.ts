/**
 * Telemetry resources of one workload laid over each other: what is logged and traced, by provider, for one side of its connections
 * (TE-001, TE-008 to TE-013). Later specs are narrower and win. Gateways count as clients.
 * https://istio.io/latest/docs/reference/config/telemetry/
 */
import type { TelemetrySpec } from '../api/istio.js';
import { isCelForEnvoy } from './cel-expression.js';

export type WorkloadMode = 'CLIENT' | 'SERVER';

type Item<T> = NonNullable<T> extends readonly (infer I)[] ? I : never;
type Tracing = Item<TelemetrySpec['tracing']> & { readonly disableContextPropagation?: boolean };
export type CustomTag = NonNullable<Tracing['customTags']>[string];

interface Referring {
  readonly providers?: readonly { readonly name: string }[];
}
export const namesOf = ({ providers = [] }: Referring): readonly string[] => providers.map(({ name }) => name);

/** Rules without a mode are for both sides. */
export const concerns = (match: { readonly mode?: string } | undefined, mode: WorkloadMode): boolean =>
  match?.mode === undefined || match.mode === 'CLIENT_AND_SERVER' || match.mode === mode;

/** Logging by one provider. */
export interface LogChoice {
  readonly provider: string;
  readonly disabled: boolean;
  /** CEL over the log's attributes, '' for all. */
  readonly filter: string;
}

/**
 * undefined where neither a Telemetry nor `defaults` say anything: MeshConfig's older fields hold then. The narrowest resource that names providers
 * decides which ones are used; a rule without providers is about those of the rule before it.
 */
export function mergeLogging(specs: readonly TelemetrySpec[], defaults: readonly string[], mode: WorkloadMode): readonly LogChoice[] | undefined {
  const groups = specs.flatMap(({ accessLogging = [] }) => (accessLogging.length === 0 ? [] : [accessLogging]));
  if (groups.length === 0) return defaults.length === 0 ? undefined : defaults.map((provider) => ({ provider, disabled: false, filter: '' }));
  let inUse = defaults;
  const filters = new Map<string, string>();
  for (const rules of groups) {
    const here = rules.filter(({ match }) => concerns(match, mode));
    for (const rule of here) for (const provider of namesOf(rule)) filters.set(provider, filterOf(rule));
    const named = here.flatMap(namesOf);
    if (named.length > 0) inUse = named;
  }
  const choices = new Map<string, LogChoice>();
  let inherited = defaults;
  for (const rule of groups.flat()) {
    const named = namesOf(rule);
    inherited = named.length > 0 ? named : inherited;
    if (!concerns(rule.match, mode)) continue;
    for (const provider of inherited) {
      if (!inUse.includes(provider)) continue;
      const disabled = rule.disabled === true;
      choices.set(provider, { provider, disabled, filter: disabled ? '' : (filters.get(provider) ?? '') });
    }
  }
  return [...choices.values()];
}

/** '' where Envoy would refuse the expression, and with it the listener: too much in a log is better than a listener that stays as it was. */
const filterOf = ({ filter }: Item<TelemetrySpec['accessLogging']>): string =>
  filter?.expression !== undefined && isCelForEnvoy(filter.expression) ? filter.expression : '';

/** Tracing as wanted by Telemetry. */
export interface TraceChoice {
  /** '' when none is named. */
  readonly provider: string;
  readonly disabled: boolean;
  /** undefined: MeshConfig's. */
  readonly sampling?: number;
  readonly customTags: Readonly<Record<string, CustomTag>>;
  readonly useRequestIdForTraceSampling: boolean;
  readonly enableIstioTags: boolean;
  readonly disableContextPropagation: boolean;
}

/** undefined where neither a Telemetry nor `defaults` say anything. Field by field the narrowest rule wins; of providers only the first is used. */
export function mergeTracing(specs: readonly TelemetrySpec[], defaults: readonly string[], mode: WorkloadMode): TraceChoice | undefined {
  const rules = specs.flatMap(({ tracing = [] }): readonly Tracing[] => tracing);
  if (rules.length === 0 && defaults.length === 0) return undefined;
  const here = rules.filter(({ match }) => concerns(match, mode));
  const last = <K extends keyof Tracing>(field: K): Tracing[K] => here.findLast((rule) => rule[field] !== undefined && rule[field] !== null)?.[field];
  const sampling = last('randomSamplingPercentage');
  return {
    provider: here.findLast((rule) => namesOf(rule).length > 0)?.providers?.[0]?.name ?? defaults[0] ?? '',
    disabled: last('disableSpanReporting') === true,
    ...(sampling === undefined ? {} : { sampling }),
    customTags: last('customTags') ?? {},
    useRequestIdForTraceSampling: last('useRequestIdForTraceSampling') !== false,
    enableIstioTags: last('enableIstioTags') !== false,
    disableContextPropagation: last('disableContextPropagation') === true,
  };
}
