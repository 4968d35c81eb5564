import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { CryptoMbPrivateKeyMethodConfig } from '@envoyproxy/xds-protos/envoy/extensions/private_key_providers/cryptomb/v3alpha/cryptomb.js';
import { describe, expect, test } from '@jest/globals';
import { credentialCertificate, secretData } from './gateway-credential.js';
import { type KeyProvider, keyProvider, privateKey } from './private-key.js';

const pem = (key: KeyObject): Buffer => Buffer.from(key.export({ type: 'pkcs8', format: 'pem' }));
const RSA = pem(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);
const ODD_RSA = pem(generateKeyPairSync('rsa', { modulusLength: 1536 }).privateKey);
const P256 = pem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
const P384 = pem(generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey);
const provider = (name: KeyProvider['name']): KeyProvider => ({ name, pollDelay: '1.5s', fallback: true });

describe('GW-036 private keys that a contrib extension of Envoy works with', () => {
  test('the key goes to the extension and nowhere else, with a delay of whole seconds too', () => {
    const made = privateKey(P256, provider('cryptomb'));
    expect(made).toMatchObject({ privateKeyProvider: { providerName: 'cryptomb', fallback: true } });
    expect(made).not.toHaveProperty('privateKey');
    const { typeUrl, value } = made.privateKeyProvider?.configType?.value ?? {};
    expect(typeUrl).toBe('type.googleapis.com/envoy.extensions.private_key_providers.cryptomb.v3alpha.CryptoMbPrivateKeyMethodConfig');
    expect(CryptoMbPrivateKeyMethodConfig.decode(value as Uint8Array)).toEqual({
      privateKey: { specifier: { $case: 'inlineBytes', value: P256 } },
      pollDelay: { seconds: 1n, nanos: 500_000_000 },
    });
  });

  test.each([
    ['cryptomb', 'RSA of 2048 bits', RSA, true],
    ['cryptomb', 'RSA of 1536 bits', ODD_RSA, false],
    ['cryptomb', 'P-384', P384, false],
    ['qat', 'RSA', RSA, true],
    ['qat', 'P-256', P256, false],
    ['qat', 'no key at all', Buffer.from('junk'), false],
  ] as const)('%s and %s: Envoy would refuse the secret for a key that it cannot use', (name, _, key, goes) => {
    const made = privateKey(key, provider(name));
    expect(made.privateKeyProvider?.providerName).toBe(goes ? name : undefined);
    expect(made.privateKey === undefined).toBe(goes);
  });

  test('a proxy without the extension has none; nor have settings that Envoy would refuse', () => {
    const asked = { qat: { pollDelay: '2ms' } };
    expect(keyProvider(asked, ['cryptomb', 'qat'])).toEqual({ name: 'qat', pollDelay: '2ms', fallback: false });
    expect(keyProvider(asked, ['cryptomb'])).toBeUndefined();
    expect(keyProvider(undefined, ['qat'])).toBeUndefined();
    for (const pollDelay of ['0s', '1us', 'soon', undefined, 5] as string[]) expect(keyProvider({ qat: { pollDelay } }, ['qat'])).toBeUndefined();
  });

  test('a gateway’s credential keeps its OCSP response', () => {
    const data = secretData({ stringData: { 'tls.crt': 'c', 'tls.key': RSA.toString(), 'tls.ocsp-staple': 'o' } });
    const made = credentialCertificate('n', data, provider('qat'))?.type;
    expect(made).toMatchObject({ value: { privateKeyProvider: { providerName: 'qat' }, ocspStaple: { specifier: { value: Buffer.from('o') } } } });
  });
});
