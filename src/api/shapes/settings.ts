/** Pieces of the settings that Istio keeps as protobuf's JSON (MeshConfig and what is in it): a field may stand there without a value. */
import { durationOf1ms, noNegativeDuration } from './checks.js';
import { any, bool, intWith, list, nullable, oneOf, type Shape, str, strWith } from './shape.js';

export const text = nullable(str);
export const texts = nullable(list(str));
export const flag = nullable(bool);
export const port = nullable(intWith({ min: 1, max: 65535 }));
export const whole = nullable(intWith({ min: 0, max: 2147483647 }));
export const int32 = nullable(intWith({ min: -2147483648, max: 2147483647 }));
export const uint32 = nullable(intWith({ min: 0, max: 4294967295 }));
/** Zero or more. */
export const duration = nullable(strWith({ checks: [noNegativeDuration] }));
/** A millisecond at least. */
export const positive = nullable(strWith({ checks: [durationOf1ms] }));
export const choice = (...values: string[]): Shape => nullable(oneOf(values));
/** Fields that are not read: `a b c`. */
export const known = (names: string): Record<string, Shape> => Object.fromEntries(names.split(' ').map((name) => [name, any]));
