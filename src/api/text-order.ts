/** Order of texts by their UTF-16 units, as `sort()` has it: the same everywhere, whatever the locale. */
export const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
