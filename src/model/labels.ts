/** Label sets and selectors. */

export type Labels = Readonly<Record<string, string>>;

/** Every pair of `selector` is in `labels`; an empty selector selects everything. */
export function selects(selector: Labels, labels: Labels): boolean {
  for (const key in selector) if (labels[key] !== selector[key]) return false;
  return true;
}

/** The labels whose keys are in `keys`, sorted by key, so that equal picks are equal texts. */
export function pickLabels(labels: Labels, keys: ReadonlySet<string>): Labels {
  const picked: Record<string, string> = {};
  for (const key of Object.keys(labels).sort()) if (keys.has(key)) picked[key] = labels[key] as string;
  return picked;
}
