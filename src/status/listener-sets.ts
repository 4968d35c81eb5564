/** Status of ListenerSets (GA-024). Pure. https://gateway-api.sigs.k8s.io/geps/gep-1713/ */
import type { GatewayListeners } from '../model/gateway-api/define-listeners.js';
import type { ListenerSetRow } from '../model/gateway-api/types.js';
import { fails, holds, type Verdict } from './condition.js';
import { headOf, type StatusDraft } from './draft.js';
import type { GatewayAddresses } from './gateway-addresses.js';
import { programmed } from './gateways.js';
import { isValid, listenerDraft } from './listeners.js';

export interface ListenerSetParts {
  readonly row: ListenerSetRow;
  /** Key of the set. */
  readonly key: string;
  /** Of its Gateway. */
  readonly listeners: GatewayListeners;
  readonly addresses: GatewayAddresses;
  readonly attached: (internalGateway: string) => number;
}

export function listenerSetDraft({ row, key, listeners, addresses, attached }: ListenerSetParts): StatusDraft {
  const outcomes = listeners.outcomes.get(key);
  if (outcomes === undefined) {
    const message =
      listeners.role === 'remote'
        ? 'the class of the Gateway takes no ListenerSets'
        : 'the Gateway takes no ListenerSets of this namespace; see its spec.allowedListeners';
    return { ...headOf(row), conditions: both('NotAllowed', message), listeners: [] };
  }
  const drafts = outcomes.map((outcome) => listenerDraft(outcome, attached));
  if (!outcomes.some(isValid))
    return { ...headOf(row), conditions: both('ListenersNotValid', "None of the ListenerSet's listeners are valid"), listeners: drafts };
  const accepted =
    listeners.addresses.length > 0
      ? fails('Accepted', 'UnsupportedAddress', `Parent not accepted: ${listeners.addresses.map(({ message }) => message).join('; ')}`)
      : holds('Accepted', 'Accepted', 'Resource accepted');
  return { ...headOf(row), conditions: [accepted, programmed(listeners.services, addresses)], listeners: drafts };
}

const both = (reason: string, message: string): readonly Verdict[] => [fails('Accepted', reason, message), fails('Programmed', reason, message)];
