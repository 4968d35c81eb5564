/**
 * ProxyConfig.privateKeyProvider: who works with private keys, Envoy itself or one of its contrib extensions (GW-036). An Envoy refuses a secret for
 * an extension that it was not built with, or a key that the extension can't use: then the key goes out as ever.
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/private_key_providers/cryptomb/v3alpha/cryptomb.proto
 */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { CryptoMbPrivateKeyMethodConfig } from '@envoyproxy/xds-protos/envoy/extensions/private_key_providers/cryptomb/v3alpha/cryptomb.js';
import { QatPrivateKeyMethodConfig } from '@envoyproxy/xds-protos/envoy/extensions/private_key_providers/qat/v3alpha/qat.js';
import type { TlsCertificate } from '@envoyproxy/xds-protos/envoy/extensions/transport_sockets/tls/v3/common.js';
import type { PrivateKeyProvider } from '../../api/mesh-config.js';
import type { KeyProviderName } from '../../model/proxy.js';
import { duration, type Partial, parseDuration, toAny } from '../proto.js';

/** A provider that a proxy has, with its settings. */
export interface KeyProvider {
  readonly name: KeyProviderName;
  /** At least 1ms. */
  readonly pollDelay: string;
  /** Envoy works with the key itself where the hardware is missing. */
  readonly fallback: boolean;
}

const NAMES: readonly KeyProviderName[] = ['cryptomb', 'qat'];
const LEAST_DELAY = 1_000_000;

/** What is asked for, if the proxy has it. Settings may come from a node, where nothing validates them: what makes no sense counts as none. */
export function keyProvider(asked: PrivateKeyProvider | undefined, has: readonly KeyProviderName[] = []): KeyProvider | undefined {
  const name = NAMES.find((one) => typeof asked?.[one] === 'object' && asked[one] !== null);
  if (name === undefined || !has.includes(name)) return undefined;
  const { pollDelay, fallback } = asked?.[name] ?? {};
  if (typeof pollDelay !== 'string' || (parseDuration(pollDelay) ?? 0) < LEAST_DELAY) return undefined;
  return { name, pollDelay, fallback: fallback === true };
}

/** The private key of a certificate, by itself or with its provider. */
export function privateKey(pem: Buffer, provider: KeyProvider | undefined): Partial<TlsCertificate> {
  const key = { specifier: { $case: 'inlineBytes' as const, value: pem } };
  if (provider === undefined || !canUse(provider.name, pem)) return { privateKey: key };
  const type = provider.name === 'cryptomb' ? CryptoMbPrivateKeyMethodConfig : QatPrivateKeyMethodConfig;
  const value = toAny(type, { privateKey: key, pollDelay: duration(provider.pollDelay) });
  return { privateKeyProvider: { providerName: provider.name, configType: { $case: 'typedConfig', value }, fallback: provider.fallback } };
}

/** Both take RSA; only one takes elliptic curves, and of them one. */
function canUse(name: KeyProviderName, pem: Buffer): boolean {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    return false;
  }
  const { modulusLength = 0, publicExponent, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'rsa') return name === 'qat' || (RSA_BITS.includes(modulusLength) && publicExponent === 65_537n);
  return name === 'cryptomb' && namedCurve === 'prime256v1';
}

const RSA_BITS: readonly number[] = [1024, 2048, 3072, 4096];
