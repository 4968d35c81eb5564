/** Status of Gateways (GA-025, GA-026). Pure. https://gateway-api.sigs.k8s.io/reference/spec/#gatewaystatus */
import { isIP } from 'node:net';
import type { GatewayListeners } from '../model/gateway-api/define-listeners.js';
import type { Finding } from '../model/gateway-api/finding.js';
import type { GatewayRow } from '../model/gateway-api/types.js';
import { fails, holds, type Verdict } from './condition.js';
import { headOf, type StatusDraft } from './draft.js';
import type { GatewayAddresses } from './gateway-addresses.js';
import { isValid, listenerDraft } from './listeners.js';

export interface GatewayParts {
  readonly row: GatewayRow;
  readonly listeners: GatewayListeners;
  readonly addresses: GatewayAddresses;
  /** Routes at a listener. */
  readonly attached: (internalGateway: string) => number;
  /** What is wrong with `infrastructure.parametersRef`. */
  readonly parametersFault?: string;
}

const INSECURE = 'InsecureFrontendValidationMode';
const ADDRESS_TYPE = 'networking.istio.io/address-type';

export function gatewayDraft({ row, listeners, addresses, attached, parametersFault }: GatewayParts): StatusDraft {
  if (listeners.role === 'remote') return remoteDraft(row);
  const outcomes = listeners.outcomes.get('') ?? [];
  const insecure = insecureFrontend(row);
  const sets = [...listeners.sets.keys()].filter((key) => (listeners.outcomes.get(key) ?? []).some(isValid)).length;
  const reported = reportedAddresses(row, addresses);
  return {
    ...headOf(row),
    conditions: [
      accepted(outcomes.filter(isValid).length, outcomes.length, listeners.addresses, parametersFault),
      programmed(listeners.services, addresses),
      resolvedRefs(row),
      ...(insecure ? [holds(INSECURE, 'ConfigurationChanged', 'clients without a valid certificate are let in: AllowInsecureFallback')] : []),
    ],
    ...(insecure ? {} : { obsolete: [INSECURE] }),
    listeners: outcomes.map((outcome) => listenerDraft(outcome, attached)),
    fields: {
      ...(reported.length === 0 ? {} : { addresses: reported.map((value) => ({ type: isIP(value) === 0 ? 'Hostname' : 'IPAddress', value })) }),
      ...(sets === 0 ? {} : { attachedListenerSets: sets }),
    },
    // A Gateway that was reached once is looked for there.
    kept: ['addresses'],
    ...(sets === 0 && { zeroed: ['attachedListenerSets'] }),
  };
}

/** Its proxies are another cluster's: nothing is ours to judge, but somebody has read it. */
function remoteDraft(row: GatewayRow): StatusDraft {
  return {
    ...headOf(row),
    conditions: [
      holds('Accepted', 'Accepted', 'Resource accepted'),
      holds('Programmed', 'Programmed', 'This Gateway is remote; Istio will not program it'),
    ],
    listeners: [],
    fields: { addresses: row.spec.addresses ?? [] },
  };
}

function accepted(valid: number, all: number, addresses: readonly Finding[], parametersFault: string | undefined): Verdict {
  if (addresses.length > 0) return fails('Accepted', 'UnsupportedAddress', addresses.map(({ message }) => message).join('; '));
  if (parametersFault !== undefined) return fails('Accepted', 'InvalidParameters', parametersFault);
  if (all > 0 && valid === 0) return fails('Accepted', 'ListenersNotValid', "None of the Gateway's listeners are valid");
  if (valid < all) return holds('Accepted', 'ListenersNotValid', "One or more of the Gateway's listeners are invalid");
  return holds('Accepted', 'Accepted', 'Resource accepted');
}

/** The same for ListenerSets, which are served by their Gateway's proxies. */
export function programmed(services: readonly string[], { assigned, faults, isUnusable }: GatewayAddresses): Verdict {
  if (services.length === 0) return fails('Programmed', 'UnsupportedAddress', 'Failed to assign to any requested addresses');
  if (faults.length > 0) {
    const why = faults.join('; ');
    const message =
      assigned.length === 0
        ? `Failed to assign to any requested addresses: ${why}`
        : `Assigned to service(s) ${joined(assigned)}, but failed to assign to all requested addresses: ${why}`;
    return fails('Programmed', isUnusable ? 'AddressNotUsable' : 'AddressNotAssigned', message);
  }
  const message = assigned.length === 0 ? 'Resource programmed' : `Resource programmed, assigned to service(s) ${joined(assigned)}`;
  return holds('Programmed', 'Programmed', message);
}

/** Client certificates towards backends are not read, so their references are not resolved. */
const resolvedRefs = ({ spec }: GatewayRow): Verdict =>
  spec.tls?.backend === undefined
    ? holds('ResolvedRefs', 'ResolvedRefs', 'All references resolved')
    : fails('ResolvedRefs', 'InvalidClientCertificateRef', 'client certificates towards backends are not supported');

function insecureFrontend({ spec }: GatewayRow): boolean {
  const frontend = spec.tls?.frontend;
  const all = [frontend?.default, ...(frontend?.perPort ?? []).map(({ tls }) => tls)];
  return all.some((tls) => tls?.validation?.mode === 'AllowInsecureFallback');
}

/** Outside addresses; without any the names of the Services, or what the annotation asks for. */
function reportedAddresses({ metadata }: GatewayRow, { external, clusterIps, assigned, pending }: GatewayAddresses): readonly string[] {
  if (external.length > 0) return external;
  const wanted = metadata.annotations[ADDRESS_TYPE] ?? 'Hostname';
  const names = assigned.map((one) => one.slice(0, one.lastIndexOf(':'))).filter((name) => !pending.includes(name));
  return [...new Set([...(wanted === 'Hostname' ? [] : clusterIps), ...(wanted === 'IPAddress' ? [] : names)])];
}

function joined(texts: readonly string[]): string {
  if (texts.length < 3) return texts.join(' and ');
  return `${texts.slice(0, -1).join(', ')}, and ${texts.at(-1)}`;
}
