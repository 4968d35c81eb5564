/** TLS towards a destination. https://istio.io/latest/docs/reference/config/networking/destination-rule/#ClientTLSSettings */
import type { ClientTLSSettings } from '../../api/istio.js';
import type { Findings } from '../findings.js';

const CONFIG_MAP = 'configmap://';

export function validateClientTls(tls: ClientTLSSettings | undefined, findings: Findings): void {
  if (tls === undefined) return;
  const { mode = 'DISABLE', credentialName = '', caCertificates = '', clientCertificate = '', privateKey = '', caCrl = '', subjectAltNames } = tls;
  if ((tls.sni ?? '').length > 255) findings.at('sni').error('must not have more than 255 characters');
  if (credentialName.startsWith(CONFIG_MAP)) checkConfigMap(credentialName, findings.at('credentialName'));
  const checks = mode === 'SIMPLE' || mode === 'MUTUAL';
  if (tls.insecureSkipVerify === true && checks) {
    const names = (subjectAltNames ?? []).length > 0;
    if (caCertificates !== '' || names || (mode === 'SIMPLE' && credentialName !== ''))
      findings.at('insecureSkipVerify').error('leaves nothing to verify: no CA certificate and no subjectAltNames may be set');
  }
  if (checks && credentialName !== '') {
    if (clientCertificate !== '' || caCertificates !== '' || privateKey !== '' || caCrl !== '')
      findings.at('credentialName').error('must not be set together with files (clientCertificate, privateKey, caCertificates, caCrl)');
    return;
  }
  if (mode !== 'MUTUAL') return;
  if (clientCertificate === '') findings.at('clientCertificate').error('is required for mode MUTUAL');
  if (privateKey === '') findings.at('privateKey').error('is required for mode MUTUAL');
}

/** `configmap://namespace/name`, in the namespace of the rule. */
function checkConfigMap(name: string, findings: Findings): void {
  const parts = name.slice(CONFIG_MAP.length).split('/');
  if (parts.length !== 2 || parts.includes('')) findings.error('must have the form configmap://namespace/name');
  else if (parts[0] !== findings.resource.namespace) findings.error(`must name a ConfigMap in namespace ${findings.resource.namespace}`);
}
