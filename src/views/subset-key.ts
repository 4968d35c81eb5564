/**
 * Keys of clusters and load assignments: what identifies their content, as text, so that scopes which would get equal resources share them.
 */

/** Service port and subset with the DestinationRules chosen for it (`DestinationRules.selectKeys`). */
export interface SubsetKey {
  readonly service: string;
  readonly port: number;
  readonly subset: string;
  readonly rules: string;
}

const SEPARATOR = '\t';

/** Key text with further parts of the caller's own. */
export const formatKey = (key: SubsetKey, ...rest: readonly string[]): string =>
  [key.service, key.port, key.subset, key.rules, ...rest].join(SEPARATOR);

/** The inverse of {@link formatKey}. */
export function parseKey(text: string): { readonly key: SubsetKey; readonly rest: readonly string[] } {
  const [service = '', port = '', subset = '', rules = '', ...rest] = text.split(SEPARATOR);
  return { key: { service, port: Number(port), subset, rules }, rest };
}
