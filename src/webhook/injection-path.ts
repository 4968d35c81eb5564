/**
 * What the path of the webhook says about all pods that come through it (IN-001): `/inject/cluster/NAME/net/NETWORK`. A slash in a value is
 * written `--slash--`. https://istio.io/latest/docs/setup/install/multicluster/
 */
import type { Texts } from '../injection/pod.js';

const NAMES: Readonly<Record<string, string>> = { cluster: 'ISTIO_META_CLUSTER_ID', net: 'ISTIO_META_NETWORK' };
const MAX_VARIABLES = 32;

/** Variables of the proxy. A last name without a value is left out. */
export function pathVariables(path: string): Texts {
  const rest = path.replace(/\/$/, '').replace(/^\/inject\/?/, '');
  const pairs = rest.startsWith(':ENV:') ? oldPairs(rest) : newPairs(rest);
  return Object.fromEntries(pairs.slice(0, MAX_VARIABLES).map(([name, value]) => [NAMES[name] ?? name.toUpperCase(), value]));
}

function newPairs(rest: string): [string, string][] {
  const parts = rest === '' ? [] : rest.split('/').map(decoded);
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < parts.length; at += 2) if (parts[at] !== '') pairs.push([parts[at]!, parts[at + 1]!.replaceAll('--slash--', '/')]);
  return pairs;
}

/** `:ENV:net=one:ENV:cluster=two`, which older installations have. */
function oldPairs(rest: string): [string, string][] {
  return rest.split(':ENV:').flatMap((pair): [string, string][] => {
    const at = pair.indexOf('=');
    return at < 1 ? [] : [[decoded(pair.slice(0, at)), decoded(pair.slice(at + 1))]];
  });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
