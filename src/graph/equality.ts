/** Equality of lists whose elements are shared values: the usual `equals` of a query that returns a list. */
export const sameElements = <T>(a: readonly T[], b: readonly T[]): boolean =>
  a === b || (a.length === b.length && a.every((value, i) => value === b[i]));
