/** Percentages of faults and mirrors. Istio's Percent has four digits after the point: parts per million. */
import { FractionalPercent_DenominatorType } from '@envoyproxy/xds-protos/envoy/type/v3/percent.js';

/** `0.1` percent is 1000 of a million. */
export const partsPerMillion = (percent: { value?: number }): { numerator: number; denominator: FractionalPercent_DenominatorType } => ({
  numerator: Math.trunc((percent.value ?? 0) * 10_000),
  denominator: FractionalPercent_DenominatorType.MILLION,
});

/** Whole percents, as the older integer fields have them. */
export const wholePercent = (percent: number): { numerator: number; denominator: FractionalPercent_DenominatorType } => ({
  numerator: percent,
  denominator: FractionalPercent_DenominatorType.HUNDRED,
});
