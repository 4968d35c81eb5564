/** Whether an object in the cluster still is as we made it: the fields that a manifest has, with what the API server put there. */

/** Of `live` the fields that `wanted` has. What the server and others added stands beside them; a list of another length counts as a whole. */
export function projection(live: unknown, wanted: unknown): unknown {
  if (Array.isArray(live) && Array.isArray(wanted)) return live.length === wanted.length ? live.map((item, i) => projection(item, wanted[i])) : live;
  if (!isObject(live) || !isObject(wanted)) return live ?? null;
  return Object.fromEntries(Object.entries(wanted).map(([key, value]) => [key, projection(live[key], value)]));
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
