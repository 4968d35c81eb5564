/** Listeners of one Gateway that can't be told apart: the first one wins, the Gateway's own before those of its ListenerSets (GA-024). Pure. */
import type { Listener } from './types.js';

/** For each listener in order of precedence the index of the earlier one it gives way to. */
export function conflicts(listeners: readonly Listener[]): ReadonlyMap<number, number> {
  const lost = new Map<number, number>();
  const accepted: number[] = [];
  for (const [i, listener] of listeners.entries()) {
    const prior = accepted.find((at) => !areDistinct(listener, listeners[at] as Listener));
    if (prior === undefined) accepted.push(i);
    else lost.set(i, prior);
  }
  return lost;
}

/** What condition Conflicted calls it: names are what is wrong only where all else is equal. */
export const conflictReason = (a: Listener, b: Listener): 'HostnameConflict' | 'ProtocolConflict' =>
  a.protocol === b.protocol && hasHost(a.protocol) ? 'HostnameConflict' : 'ProtocolConflict';

const isStream = (protocol: string): boolean => protocol === 'TCP' || protocol === 'UDP';
const hasHost = (protocol: string): boolean => protocol === 'HTTP' || protocol === 'HTTPS' || protocol === 'TLS';

function areDistinct(a: Listener, b: Listener): boolean {
  if (a.port !== b.port) return true;
  if (hasHost(a.protocol) && hasHost(b.protocol)) return (a.hostname || '*') !== (b.hostname || '*');
  if ((isStream(a.protocol) || hasHost(a.protocol)) && (isStream(b.protocol) || hasHost(b.protocol))) return false;
  return a.protocol !== b.protocol;
}
