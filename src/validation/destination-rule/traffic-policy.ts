/** Traffic policy: each block has a file of its own. https://istio.io/latest/docs/reference/config/networking/destination-rule/#TrafficPolicy */
import { each, type Findings } from '../findings.js';
import { fqdn, isAddress, port } from '../names.js';
import { validateConnectionPool } from './connection-pool.js';
import { validateLoadBalancer } from './load-balancer.js';
import { validateOutlierDetection } from './outlier-detection.js';
import { validateClientTls } from './tls.js';
import type { Policy, PolicyBlocks } from './types.js';

export function validateTrafficPolicy(policy: Policy | undefined, findings: Findings): void {
  if (policy === undefined) return;
  // An empty list counts as not set.
  const set = Object.values(policy).some((value) => value !== undefined && !(Array.isArray(value) && value.length === 0));
  if (!set) return findings.error('must have at least one field');
  if (policy.tunnel !== undefined && policy.proxyProtocol !== undefined)
    return findings.at('tunnel').error('must not be set together with proxyProtocol');
  validateBlocks(policy, findings);
  each(policy.portLevelSettings, findings.at('portLevelSettings'), (settings, at) => {
    if (settings.port === undefined) at.at('port').error('must be set');
    if (blocks.some((block) => settings[block] !== undefined)) validateBlocks(settings, at);
    else at.error(`must have at least one of ${blocks.join(', ')}`);
  });
  validateTunnel(policy.tunnel, findings.at('tunnel'));
}

const blocks = ['outlierDetection', 'connectionPool', 'loadBalancer', 'tls'] as const;

function validateBlocks(policy: PolicyBlocks, findings: Findings): void {
  validateOutlierDetection(policy.outlierDetection, findings.at('outlierDetection'));
  validateConnectionPool(policy.connectionPool, findings.at('connectionPool'));
  validateLoadBalancer(policy.loadBalancer, policy.outlierDetection, findings.at('loadBalancer'));
  validateClientTls(policy.tls, findings.at('tls'));
}

function validateTunnel(tunnel: Policy['tunnel'], findings: Findings): void {
  if (tunnel === undefined) return;
  if (!['', 'CONNECT', 'POST'].includes(tunnel.protocol ?? '')) findings.at('protocol').error(`'${tunnel.protocol}' must be CONNECT or POST`);
  if (fqdn(tunnel.targetHost) !== undefined && !isAddress(tunnel.targetHost))
    findings.at('targetHost').error('must be a domain name or an IP address');
  findings.at('targetPort').check(port(tunnel.targetPort));
}
