/**
 * The mesh's signer from the cluster's Secrets, where istiod looks for it as well: `cacerts` is a plugged-in CA (CA-010), `istio-ca-secret` a root of
 * its own (CA-008), made by whichever replica comes first and renewed in time by whichever sees it first (CA-009). Such a root can be in `cacerts` too,
 * with a mark (CA-011).
 */
import { type Clock, systemClock } from '../ca/clock.js';
import { CertificateAuthorityError } from '../ca/errors.js';
import type { KeyType } from '../ca/key-pairs.js';
import { generateRoot, isOld, renewRoot } from '../ca/root.js';
import { type NamedText, type SigningMaterial, signingMaterial } from '../ca/signing-material.js';
import type { ApiClient } from '../kubernetes/api-client.js';
import { hasStatus } from '../kubernetes/api-error.js';
import { apiPath } from '../kubernetes/api-object.js';

export interface ClusterSignerOptions {
  readonly client: ApiClient;
  readonly namespace: string;
  readonly trustDomain: string;
  readonly caKeyType?: KeyType;
  /** Where a root is made where there is none; with `cacerts` one that is there and has the mark is a root of our own. */
  readonly selfSignedSecret?: SelfSignedSecret;
  /** Renews a root that is near its end; for the server alone. */
  readonly isKeeper?: boolean;
  readonly clock?: Clock;
}

/** Names of the Secret of a root that a control plane made; the first counts wherever it is. */
export const SELF_SIGNED_SECRETS = ['istio-ca-secret', 'cacerts'] as const;
export type SelfSignedSecret = (typeof SELF_SIGNED_SECRETS)[number];

interface Secret {
  readonly metadata: { readonly resourceVersion?: string };
  readonly data?: Readonly<Record<string, string>>;
}
/** A Secret's texts by their key. */
interface Texts {
  (key: string): NamedText | undefined;
  readonly secret: string;
  readonly resourceVersion: string | undefined;
  /** A control plane made it. */
  readonly isGenerated: boolean;
}

const PLUGGED_IN = 'cacerts';
const [SELF_SIGNED] = SELF_SIGNED_SECRETS;
const MARK = 'istio-generated';

/** What to sign with, as the Secrets say now; makes a root where there is none. */
export async function loadClusterSigner(options: ClusterSignerOptions): Promise<SigningMaterial> {
  const plugged = await read(options, PLUGGED_IN);
  const marked = options.selfSignedSecret === PLUGGED_IN && plugged?.isGenerated === true ? plugged : undefined;
  if (plugged !== undefined && marked === undefined) return pluggedIn(plugged, options.namespace);
  const own = (await read(options, SELF_SIGNED)) ?? marked ?? (await make(options));
  const signer = await selfSigned(own, options);
  if (options.isKeeper !== true || !isOld(signer.certificate, (options.clock ?? systemClock).now())) return signer;
  await renew(signer, own, options);
  return selfSigned((await read(options, own.secret)) ?? own, options);
}

function selfSigned(own: Texts, options: ClusterSignerOptions): Promise<SigningMaterial> {
  const [certificate, key] = [required(own, 'ca-cert.pem', options), required(own, 'ca-key.pem', options)];
  return signingMaterial({ certificate, key, roots: own('root-cert.pem') ?? certificate });
}

/** Of several who renew it at once the first wins; a Secret that has changed since is somebody else's work already. */
async function renew(signer: SigningMaterial, own: Texts, { client, namespace, clock }: ClusterSignerOptions): Promise<void> {
  const pem = await renewRoot(signer, clock);
  const roots = own('root-cert.pem');
  const data = { 'ca-cert.pem': pem, ...(roots !== undefined && { 'root-cert.pem': `${pem}${roots.text}` }) };
  const encoded = Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]));
  const body = { metadata: { resourceVersion: own.resourceVersion }, data: encoded };
  try {
    await client.write('PATCH', path(namespace, own.secret), { body, contentType: 'application/merge-patch+json' });
  } catch (error) {
    if (!hasStatus(error, 409)) throw error;
  }
}

/** In Istio's layout, or in that of kubernetes.io/tls. */
function pluggedIn(texts: Texts, namespace: string): Promise<SigningMaterial> {
  const isTls = texts('ca-cert.pem') === undefined && texts('tls.crt') !== undefined;
  const names = isTls ? (['tls.crt', 'tls.key', 'ca.crt'] as const) : (['ca-cert.pem', 'ca-key.pem', 'root-cert.pem'] as const);
  const [certificate, key, roots] = names.map((name) => required(texts, name, { namespace })) as [NamedText, NamedText, NamedText];
  const chain = isTls ? texts('tls.crt') : texts('cert-chain.pem');
  const crl = texts('ca-crl.pem');
  return signingMaterial({ certificate, key, roots, ...(chain && { chain }), ...(crl && { crl }) });
}

/** Of several who make one at once the first wins; all read what it wrote. */
async function make(options: ClusterSignerOptions): Promise<Texts> {
  const { client, namespace, trustDomain, caKeyType, selfSignedSecret: name = SELF_SIGNED } = options;
  const { certificatePem, keyPem } = await generateRoot({ trustDomain, ...(caKeyType && { keyType: caKeyType }) });
  const body = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace },
    type: 'istio.io/ca-root',
    stringData: {
      'ca-cert.pem': certificatePem,
      'ca-key.pem': keyPem,
      ...(name === PLUGGED_IN && { 'root-cert.pem': certificatePem, [MARK]: '' }),
    },
  };
  try {
    await client.write('POST', path(namespace), { body });
  } catch (error) {
    if (!hasStatus(error, 409)) throw error;
  }
  const made = await read(options, name);
  if (made === undefined) throw new CertificateAuthorityError('missing_file', `Secret ${namespace}/${name} was made and is not there`);
  return made;
}

async function read({ client, namespace }: ClusterSignerOptions, secret: string): Promise<Texts | undefined> {
  try {
    const { data = {}, metadata } = await client.get<Secret>(path(namespace, secret));
    const texts = (key: string): NamedText | undefined => {
      const text = Buffer.from(data[key] ?? '', 'base64').toString();
      return text.trim() === '' ? undefined : { name: `Secret ${namespace}/${secret}, ${key}`, text };
    };
    return Object.assign(texts, { secret, resourceVersion: metadata.resourceVersion, isGenerated: data[MARK] !== undefined });
  } catch (error) {
    if (hasStatus(error, 404)) return undefined;
    throw error;
  }
}

function required(texts: Texts, key: string, { namespace }: { readonly namespace: string }): NamedText {
  const text = texts(key);
  if (text === undefined) throw new CertificateAuthorityError('missing_file', `Secret ${namespace}/${texts.secret} has no ${key}`);
  return text;
}

const path = (namespace: string, name?: string): string => apiPath({ group: '', version: 'v1', plural: 'secrets', namespace }, name);
