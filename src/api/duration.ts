/**
 * Durations as YAML writes them for Istio and Gateway API: '10s', '1h30m', '1.5s', '-2ms'. Nanoseconds inside.
 * https://pkg.go.dev/time#ParseDuration
 */

const UNITS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };
const TEXT = /^([+-])?((?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/;
const PART = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g;

export const MILLISECOND = 1e6;
export const SECOND = 1e9;

/** Nanoseconds, or undefined when the text is no duration. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  if (text.length > 64 || !TEXT.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(PART)) total += Number(amount) * UNITS[unit!]!;
  return text.startsWith('-') ? -Math.round(total) : Math.round(total);
}
