/** PeerAuthentication. https://istio.io/latest/docs/reference/config/security/peer_authentication/ */
import type { PeerAuthentication } from '../api/istio.js';
import type { Findings } from './findings.js';
import { port } from './names.js';
import { validateSelection } from './selector.js';

export function validatePeerAuthentication(row: PeerAuthentication, findings: Findings): void {
  const { selector, portLevelMtls = {} } = row.spec;
  const ports = Object.keys(portLevelMtls);
  if (ports.length > 0 && Object.keys(selector?.matchLabels ?? {}).length === 0) findings.at('portLevelMtls').error('needs a selector with labels');
  for (const number of ports) findings.at('portLevelMtls', number).check(port(Number(number)));
  validateSelection(selector === undefined ? {} : { selector }, findings);
}
