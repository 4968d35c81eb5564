/**
 * Strategic merge of a pod and an overlay, with the API server's rules: which lists are merged by which key, and in which order their items
 * end up. https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md
 */

type Json = Record<string, unknown>;

/** Lists that are merged, by the name of their field within a Pod → the key of their items. All other lists are replaced as a whole. */
const MERGE_KEYS: Readonly<Record<string, string>> = {
  containers: 'name',
  initContainers: 'name',
  ephemeralContainers: 'name',
  volumes: 'name',
  imagePullSecrets: 'name',
  hostAliases: 'ip',
  topologySpreadConstraints: 'topologyKey',
  resourceClaims: 'name',
  schedulingGates: 'name',
  ownerReferences: 'uid',
  env: 'name',
  ports: 'containerPort',
  volumeMounts: 'mountPath',
  volumeDevices: 'devicePath',
};
/** A list of plain values that is merged as a set. */
const SETS = new Set(['finalizers']);
/** `resources.claims` and other lists below these fields are no lists of a pod's or a container's own. */
const OPAQUE = new Set(['securityContext', 'affinity', 'resources', 'valueFrom', 'labels', 'annotations']);

type Keys = Readonly<Record<string, string>>;

/** The overlay laid over the base. Neither is changed; the result may share parts of both. `own` are keys of lists of another kind than a Pod. */
export function strategicMerge<T extends object>(base: T, overlay: object, own: Keys = {}): T {
  return mergeMap(base as Json, overlay as Json, false, { ...MERGE_KEYS, ...own }) as T;
}

function mergeMap(base: Json, overlay: Json, isOpaque: boolean, keys: Keys): Json {
  const directive = overlay['$patch'];
  if (directive === 'replace') return withoutDirectives(overlay);
  if (directive === 'delete') return {};
  const retained = overlay['$retainKeys'];
  const merged: Json = {};
  for (const [key, value] of Object.entries(base)) if (!Array.isArray(retained) || retained.includes(key)) merged[key] = value;
  for (const [key, value] of Object.entries(overlay)) {
    if (key.startsWith('$')) {
      deleteFromSet(merged, key, value);
      continue;
    }
    if (value === null || value === undefined) delete merged[key];
    else merged[key] = mergeValue(key, merged[key], value, isOpaque, keys);
  }
  return merged;
}

function mergeValue(key: string, base: unknown, overlay: unknown, isOpaque: boolean, keys: Keys): unknown {
  if (Array.isArray(overlay)) {
    const mergeKey = isOpaque ? undefined : keys[key];
    if (mergeKey !== undefined) return mergeList(Array.isArray(base) ? (base as Json[]) : [], overlay as Json[], mergeKey, keys);
    return SETS.has(key) && Array.isArray(base) ? [...new Set([...(base as unknown[]), ...overlay])] : overlay;
  }
  if (!isObject(overlay)) return overlay;
  const below = isOpaque || OPAQUE.has(key);
  return mergeMap(isObject(base) ? base : {}, overlay, below, keys);
}

/** `$deleteFromPrimitiveList/finalizers: [a]` */
function deleteFromSet(merged: Json, directive: string, values: unknown): void {
  const [kind, field = ''] = directive.split('/');
  const list = merged[field];
  if (kind === '$deleteFromPrimitiveList' && Array.isArray(list) && Array.isArray(values))
    merged[field] = list.filter((value) => !values.includes(value));
}

function mergeList(base: Json[], overlay: Json[], key: string, keys: Keys): Json[] {
  if (overlay.some((item) => isObject(item) && item['$patch'] === 'replace' && item[key] === undefined)) {
    return overlay.filter((item) => item['$patch'] === undefined).map(withoutDirectives);
  }
  const deleted = new Set(overlay.filter((item) => item['$patch'] === 'delete').map((item) => item[key]));
  const kept = base.filter((item) => !deleted.has(item[key]));
  const byKey = new Map(kept.map((item) => [item[key], item]));
  const patched = overlay
    .filter((item) => item['$patch'] !== 'delete')
    .map((item) => ({ at: item[key], item: mergeMap(byKey.get(item[key]) ?? {}, item, false, keys) }));
  const named = new Set(patched.map(({ at }) => at));
  const untouched = kept.filter((item) => !named.has(item[key])).map((item) => ({ at: item[key], item }));
  return interleave(
    untouched,
    patched,
    kept.map((item) => item[key]),
  );
}

interface Placed {
  readonly at: unknown;
  readonly item: Json;
}

/** Both keep their own order. An untouched item goes before the next patched one only when it was before it already. */
function interleave(untouched: readonly Placed[], patched: readonly Placed[], order: readonly unknown[]): Json[] {
  const place = new Map(order.map((at, index) => [at, index]));
  const found: Json[] = [];
  let next = 0;
  for (const { at, item } of patched) {
    const mine = place.get(at);
    while (mine !== undefined && next < untouched.length && place.get(untouched[next]!.at)! < mine) found.push(untouched[next++]!.item);
    found.push(item);
  }
  return [...found, ...untouched.slice(next).map(({ item }) => item)];
}

const withoutDirectives = (map: Json): Json => Object.fromEntries(Object.entries(map).filter(([key]) => !key.startsWith('$')));
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
