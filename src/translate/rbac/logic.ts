/**
 * Conditions and how they join. Envoy keeps what is asked of a connection's target (permissions) apart from what is asked of its source
 * (principals); both have the same and, or, not, so that one algorithm serves both.
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/rbac/v3/rbac.proto
 */

/** How matchers of one type join. */
export interface Logic<M> {
  readonly any: M;
  readonly and: (matchers: M[]) => M;
  readonly or: (matchers: M[]) => M;
  readonly not: (matcher: M) => M;
}

/**
 * The wish that some attribute is one of `values` and none of `notValues`. undefined as a matcher means that it cannot be said here: the
 * attribute belongs to HTTP and the chain is TCP, or the value is malformed.
 */
export interface Condition<M> {
  readonly values: readonly string[];
  readonly notValues: readonly string[];
  /** One matcher for all values, never asked for none. */
  readonly oneOf: (values: readonly string[], strict: boolean) => M | undefined;
}

/** A `oneOf` that has a matcher for each value. */
export function eachOf<M>({ or }: Logic<M>, matcher: (value: string) => M | undefined): Condition<M>['oneOf'] {
  return (values, strict) => {
    const matchers = values.map(matcher);
    const known = matchers.filter((at): at is NonNullable<typeof at> => at !== undefined);
    if (known.length === 0 || (strict && known.length < matchers.length)) return undefined;
    return or(known);
  };
}

/**
 * All conditions at once. `strict` (ALLOW): a condition that cannot be said makes the whole result undefined, as allowing without it would
 * allow more. Otherwise it is left out: a rule that denies then denies more (AZ-026).
 */
export function allOf<M>(logic: Logic<M>, conditions: readonly Condition<M>[], strict: boolean): M | undefined {
  const matchers: M[] = [];
  for (const { values, notValues, oneOf } of conditions) {
    const wanted = values.length === 0 ? [] : [oneOf(values, strict)];
    const unwanted = notValues.length === 0 ? [] : [oneOf(notValues, strict)];
    if (strict && [...wanted, ...unwanted].includes(undefined)) return undefined;
    for (const matcher of wanted) if (matcher !== undefined) matchers.push(matcher);
    for (const matcher of unwanted) if (matcher !== undefined) matchers.push(logic.not(matcher));
  }
  return logic.and(matchers.length === 0 ? [logic.any] : matchers);
}
