/**
 * Expressions of users (tagOverrides of Telemetry, TE-004) as far as a stock Envoy can say them. It reads CEL in the formats of its logs, but refuses
 * the whole listener when an expression is none: so only what is read through here goes out, over attributes and functions that a stock Envoy has.
 * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/advanced/attributes
 */
import { parseCel } from './cel-syntax.js';

export type TagExpression = { readonly literal: string } | { readonly cel: string };

/** Attributes that are there; Istio's own (`upstream_peer`, `node` …) are not. */
const ROOTS: ReadonlySet<string> = new Set(
  'request response connection source destination upstream xds metadata filter_state true false null'.split(' '),
);
/** What a stock Envoy takes, whatever the arguments turn out to be. `matches` and `has` depend on theirs; `string` it does not have. */
const FUNCTIONS: ReadonlySet<string> = new Set('size/1 .size/0 int/1 uint/1 double/1 .startsWith/1 .endsWith/1 .contains/1'.split(' '));

/** undefined for what a stock Envoy cannot say. */
export function tagExpression(expression: string): TagExpression | undefined {
  const text = expression.replaceAll(/\s+/g, ' ').trim();
  // Formats give the sign a meaning of its own.
  const parsed = text.includes('%') ? undefined : parseCel(text);
  if (parsed?.literal !== undefined) return parsed.literal === '' ? undefined : { literal: parsed.literal };
  const isKnown = parsed?.roots.every((root) => ROOTS.has(root)) && parsed.functions.every((name) => FUNCTIONS.has(name));
  return isKnown === true ? { cel: text } : undefined;
}
