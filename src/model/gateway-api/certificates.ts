/** Whether Secrets and ConfigMaps hold what a listener needs. A listener with a broken certificate is not served at all (GA-008). Pure. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { ConfigMapSpec, SecretSpec } from '../../api/kubernetes.js';

/** Says what is wrong with a certificate and its key; undefined when nothing is. */
export function certificateFault({ data = {}, stringData = {} }: SecretSpec): string | undefined {
  const value = (key: string): Buffer => (stringData[key] === undefined ? Buffer.from(data[key] ?? '', 'base64') : Buffer.from(stringData[key]));
  const pairs = [
    ['cert', 'key'],
    ['tls.crt', 'tls.key'],
  ] as const;
  const pair = pairs.map(([certificate, key]) => [value(certificate), value(key)] as const).find(([a, b]) => a.length > 0 && b.length > 0);
  if (pair === undefined) return 'has neither tls.crt and tls.key nor cert and key';
  try {
    return new X509Certificate(pair[0]).checkPrivateKey(createPrivateKey(pair[1])) ? undefined : 'has a key that is not its certificate’s';
  } catch {
    return 'has a certificate or key that is not PEM';
  }
}

/** The same for a CA: `ca.crt`, or `cacert` in a Secret. */
export function caFault(spec: SecretSpec | ConfigMapSpec, isSecret: boolean): string | undefined {
  const { stringData = {} } = spec as SecretSpec;
  const keys = isSecret ? ['cacert', 'ca.crt'] : ['ca.crt', 'cacert'];
  const texts = keys.map(
    (key) => stringData[key] ?? (isSecret ? Buffer.from(spec.data?.[key] ?? '', 'base64').toString() : (spec.data?.[key] ?? '')),
  );
  const text = texts.find((candidate) => candidate !== '');
  if (text === undefined) return 'has no ca.crt';
  try {
    new X509Certificate(text);
    return undefined;
  } catch {
    return 'has a ca.crt that is not PEM';
  }
}
