/**
 * Which listener, filter chain and filter a patch is about. On the virtual listeners, where all ports share one address, a port number means
 * the destination port of a chain.
 * https://istio.io/latest/docs/reference/config/networking/envoy-filter/#EnvoyFilter-ListenerMatch
 */
import { VIRTUAL_INBOUND, VIRTUAL_OUTBOUND } from '../../model/names.js';
import type { FilterChainMessage, ListenerMessage, Named } from './messages.js';
import type { ListenerMatch, Patch } from './patch.js';

const matchOf = (patch: Patch): ListenerMatch | undefined => patch.match.listener;
const isVirtual = ({ name }: ListenerMessage): boolean => name === VIRTUAL_INBOUND || name === VIRTUAL_OUTBOUND;

export function matchesListener(listener: ListenerMessage, patch: Patch): boolean {
  const match = matchOf(patch);
  if (match === undefined) return true;
  if ((match.name ?? '') !== '' && match.name !== listener.name) return false;
  if (patch.applyTo !== 'LISTENER' && isVirtual(listener)) return true;
  const { portNumber = 0 } = match;
  return portNumber === 0 || portNumber === portOf(listener);
}

function portOf({ address }: ListenerMessage): number | undefined {
  const specifier = address?.address.case === 'socketAddress' ? address.address.value?.portSpecifier : undefined;
  return specifier?.case === 'portValue' ? (specifier.value as number) : undefined;
}

/** The listener matches already. */
export function matchesChain(listener: ListenerMessage, chain: FilterChainMessage, patch: Patch): boolean {
  const match = matchOf(patch);
  if (match === undefined) return true;
  const has = chain.filterChainMatch;
  const { portNumber = 0 } = match;
  if (isVirtual(listener) && portNumber > 0 && has?.destinationPort !== portNumber) return false;
  const { name = '', sni = '', transportProtocol = '', applicationProtocols = '', destinationPort = 0 } = match.filterChain ?? {};
  return (
    (name === '' || name === chain.name) &&
    (sni === '' || has?.serverNames.includes(sni) === true) &&
    (transportProtocol === '' || has?.transportProtocol === transportProtocol) &&
    (applicationProtocols === '' || applicationProtocols.split(',').every((protocol) => has?.applicationProtocols.includes(protocol) === true)) &&
    (destinationPort === 0 || has?.destinationPort === destinationPort)
  );
}

/** The name of the network filter that a patch is about, if it says one. */
export const networkFilterName = (patch: Patch): string | undefined => {
  const filter = matchOf(patch)?.filterChain?.filter;
  return filter && (filter.name ?? '');
};

/** The name of the HTTP filter that a patch is about, if it says one. */
export const httpFilterName = (patch: Patch): string | undefined => {
  const filter = matchOf(patch)?.filterChain?.filter?.subFilter;
  return filter && (filter.name ?? '');
};

/** The name of the listener filter that a patch is about, if it says one. */
export const listenerFilterName = (patch: Patch): string | undefined => matchOf(patch)?.listenerFilter || undefined;

export const isNamed = (name: string | undefined): ((filter: Named) => boolean) | undefined =>
  name === undefined ? undefined : (filter) => filter.name === name;

/** A missing name means every filter. */
export const matchesName = (name: string | undefined, filter: Named): boolean => name === undefined || name === filter.name;
