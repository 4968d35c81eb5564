/** Versions of Istio's agent, as nodes name them in ISTIO_VERSION: `1.29.0`, `1.30-dev`. */

/** Nothing that can be read counts as new: development builds name themselves as they like. */
export function istioVersionAtLeast(version: string, major: number, minor: number): boolean {
  const found = /^(\d+)\.(\d+)/.exec(version);
  if (found === null) return true;
  const [theirs, theirMinor] = [Number(found[1]), Number(found[2])];
  return theirs > major || (theirs === major && theirMinor >= minor);
}
