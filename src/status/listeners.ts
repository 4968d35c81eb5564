/** Conditions of listeners (GA-025). Pure. https://gateway-api.sigs.k8s.io/reference/spec/#listenerconditiontype */
import type { ListenerOutcome } from '../model/gateway-api/listeners.js';
import { fails, holds, type Verdict } from './condition.js';
import type { ListenerDraft } from './draft.js';

const FINE = 'No errors found';
/** Reasons that speak of the CA for clients, without which a listener is not accepted at all. */
const OF_CLIENT_CA = /^InvalidCACertificate/;

export function listenerDraft(outcome: ListenerOutcome, attached: (internalGateway: string) => number): ListenerDraft {
  const { name, kinds, internalGateway } = outcome;
  return { name, kinds, attachedRoutes: internalGateway === undefined ? 0 : attached(internalGateway), conditions: verdicts(outcome) };
}

/** Counts for its owner: what is served, and what of it is broken. */
export const isValid = ({ conflict, fault, references }: ListenerOutcome): boolean =>
  conflict === undefined && fault === undefined && references.length === 0;

function verdicts({ conflict, fault, isPlaceholder, references, hasOtherKinds, kinds }: ListenerOutcome): readonly Verdict[] {
  const kindsFault = hasOtherKinds
    ? [fails('ResolvedRefs', 'InvalidRouteKinds', `of the kinds in allowedRoutes only ${list(kinds)} can be taken`)]
    : [];
  if (conflict !== undefined) {
    const { reason = 'HostnameConflict', message } = conflict;
    return [
      fails('Accepted', reason, message),
      { type: 'Conflicted', status: 'True', reason, message },
      fails('Programmed', reason, message),
      ...kindsFault,
    ];
  }
  const [broken] = references;
  const message = references.map((finding) => finding.message).join('; ');
  const isWithoutClientCa = references.some(
    ({ reason = '', field }) => OF_CLIENT_CA.test(reason) || (reason === 'RefNotPermitted' && field.endsWith('.tls')),
  );
  return [
    fault !== undefined
      ? fails('Accepted', fault.reason ?? 'Invalid', fault.message)
      : isWithoutClientCa
        ? fails('Accepted', 'NoValidCACertificate', message)
        : holds('Accepted', 'Accepted', FINE),
    { type: 'Conflicted', status: 'False', reason: 'NoConflicts', message: FINE },
    broken !== undefined
      ? fails('Programmed', 'Invalid', 'without valid certificates it is not served')
      : fault !== undefined
        ? fails('Programmed', 'Invalid', 'it is not accepted')
        : isPlaceholder
          ? fails('Programmed', 'Pending', 'without tls nothing is served here but what ListenerSets bring')
          : holds('Programmed', 'Programmed', FINE),
    ...(kindsFault.length > 0
      ? kindsFault
      : [
          broken === undefined
            ? holds('ResolvedRefs', 'ResolvedRefs', FINE)
            : fails('ResolvedRefs', broken.reason ?? 'InvalidCertificateRef', message),
        ]),
  ];
}

const list = (kinds: readonly string[]): string => (kinds.length === 0 ? 'none' : kinds.join(' and '));
