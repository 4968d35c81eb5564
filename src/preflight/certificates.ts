/** Whether the root that signs is good for a while, and every namespace has it. */
import { X509Certificate } from 'node:crypto';
import type { ApiClient } from '../kubernetes/api-client.js';
import type { ApiObject } from '../kubernetes/api-object.js';
import { listOf, objectAt } from './cluster.js';
import { type Finding, finding } from './report.js';

const DAY_MS = 86_400_000;
const SOON_DAYS = 30;
const ROOTS = 'istio-ca-root-cert';

/** Secret → the fields that hold the signer and the root. */
const SECRETS = {
  cacerts: { signer: 'ca-cert.pem', root: 'root-cert.pem' },
  'istio-ca-secret': { signer: 'ca-cert.pem', root: 'ca-cert.pem' },
} as const;

export async function checkCertificates(api: ApiClient, namespace: string, now: () => number = Date.now): Promise<Finding[]> {
  for (const [name, { signer, root }] of Object.entries(SECRETS)) {
    const secret = await objectAt(api, `/api/v1/namespaces/${namespace}/secrets/${name}`);
    if (secret === undefined) continue;
    const found = [signer, ...(root === signer ? [] : [root])].map((field) => expiry(`${namespace}/${name}`, field, textOf(secret, field), now()));
    return [...found, ...(await roots(api, textOf(secret, root)))];
  }
  const hint = 'the first control plane makes one; keep one of your own in the Secret cacerts';
  return [finding('warning', 'certificates', `there is no root in ${namespace}: neither cacerts nor istio-ca-secret can be seen`, hint)];
}

function textOf(secret: ApiObject, field: string): string {
  const data = secret['data'] as Readonly<Record<string, string>> | undefined;
  return Buffer.from(data?.[field] ?? '', 'base64').toString();
}

function expiry(secret: string, field: string, pem: string, now: number): Finding {
  try {
    const certificate = new X509Certificate(pem);
    const days = Math.floor((Date.parse(certificate.validTo) - now) / DAY_MS);
    const text = `${field} of ${secret} is good for ${days} days`;
    if (Date.parse(certificate.validFrom) > now)
      return finding('error', 'certificates', `${field} of ${secret} is not good before ${certificate.validFrom}`);
    if (days < 0) return finding('error', 'certificates', `${field} of ${secret} has expired ${-days} days ago`);
    return days < SOON_DAYS
      ? finding('warning', 'certificates', text, 'replace it: docs/guides/plugging-in-a-ca.md')
      : finding('ok', 'certificates', text);
  } catch {
    return finding('error', 'certificates', `${field} of ${secret} is no certificate`);
  }
}

/** Proxies trust what the ConfigMap of their namespace says. */
async function roots(api: ApiClient, root: string): Promise<Finding[]> {
  const maps = ((await listOf(api, '/api/v1/configmaps')) ?? []).filter(({ metadata }) => metadata.name === ROOTS);
  const other = maps.filter((map) => !String((map['data'] as Record<string, string> | undefined)?.['root-cert.pem'] ?? '').includes(root.trim()));
  const names = other.map(({ metadata }) => metadata.namespace).join(', ');
  if (other.length > 0)
    return [finding('error', 'certificates', `${ROOTS} lacks the root in: ${names}`, 'proxies there would not trust the control plane')];
  return maps.length === 0 ? [] : [finding('ok', 'certificates', `${ROOTS} has the root in ${maps.length} namespaces`)];
}
