import { describe, expect, test } from '@jest/globals';
import { configMapData, credentialCa, credentialCertificate, secretData } from './gateway-credential.js';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const inline = (text: string) => ({ specifier: { $case: 'inlineBytes', value: Buffer.from(text) } });
const encoded = (values: Record<string, string>) =>
  secretData({ data: Object.fromEntries(Object.entries(values).map(([key, value]) => [key, base64(value)])) });

describe('GW-016 layouts of a credential', () => {
  test('kubernetes.io/tls with an OCSP response', () => {
    expect(credentialCertificate('n', encoded({ 'tls.crt': 'c', 'tls.key': 'k', 'tls.ocsp-staple': 'o' }))).toEqual({
      name: 'n',
      type: { $case: 'tlsCertificate', value: { certificateChain: inline('c'), privateKey: inline('k'), ocspStaple: inline('o') } },
    });
  });

  test('the generic layout counts first, and half a pair does not count', () => {
    const both = encoded({ cert: 'c1', key: 'k1', 'tls.crt': 'c2', 'tls.key': 'k2' });
    expect(credentialCertificate('n', both)?.type).toMatchObject({ value: { certificateChain: inline('c1') } });
    const half = encoded({ cert: 'c1', key: '', 'tls.crt': 'c2', 'tls.key': 'k2' });
    expect(credentialCertificate('n', half)?.type).toMatchObject({ value: { certificateChain: inline('c2') } });
    expect(credentialCertificate('n', encoded({ cert: 'c' }))).toBeUndefined();
  });

  test.each([[{ cacert: 'ca', crl: 'crl' }], [{ 'ca.crt': 'ca', 'ca.crl': 'crl' }]])('a CA with its revocation list: %o', (values) => {
    expect(credentialCa('n', encoded(values))).toEqual({
      name: 'n',
      type: { $case: 'validationContext', value: { trustedCa: inline('ca'), crl: inline('crl') } },
    });
  });

  test('stringData counts before data', () => {
    const data = secretData({ data: { cacert: base64('old') }, stringData: { cacert: 'new' } });
    expect(credentialCa('n', data)?.type).toMatchObject({ value: { trustedCa: inline('new') } });
  });

  test('a ConfigMap holds plain text', () =>
    expect(credentialCa('n', configMapData({ data: { 'ca.crt': 'ca' } }))?.type).toMatchObject({ value: { trustedCa: inline('ca') } }));
});
