/** Options about certificates, tokens and keys. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { REMOTE_JWKS, type RemoteJwks } from '../../model/remote-keys.js';
import { SELF_SIGNED_SECRETS, type SelfSignedSecret } from '../cluster-signer.js';
import { type OidcIssuerOption, parseOidcIssuers } from '../oidc.js';
import { list, optional, setting } from './setting.js';
import { addressBlocks, certificateTtl, oneOf, parseMs } from './values.js';

/** The user's folder for what a program must remember (XDG base directories). */
export const defaultDataDir = (): string => join(process.env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state'), 'mizzen');

/** Also as istiod's variable says it: false, true. */
const remoteJwks = (text: string): RemoteJwks => (text === 'false' ? 'istiod' : text === 'true' ? 'hybrid' : oneOf(...REMOTE_JWKS)(text));

export const IDENTITY_SETTINGS = {
  dataDir: setting<string>({
    flag: 'data-dir',
    argument: '<dir>',
    help: 'keeps the root certificate, the key of join tokens and registered workloads',
    default: defaultDataDir(),
    parse: String,
  }),
  cacerts: optional({
    flag: 'cacerts',
    argument: '<dir>',
    help: "sign with a CA of one's own: ca-cert.pem, ca-key.pem, root-cert.pem, cert-chain.pem",
  }),
  caKeyType: setting<'ecdsa' | 'rsa'>({
    flag: 'ca-key-type',
    argument: '<type>',
    help: 'key of a root that is made: ecdsa (P-256) or rsa (3072 bits)',
    default: 'ecdsa',
    parse: oneOf('ecdsa', 'rsa'),
  }),
  selfSignedCaSecret: setting<SelfSignedSecret>({
    flag: 'self-signed-ca-secret',
    argument: '<name>',
    help: "on Kubernetes: the Secret of a root that is made: istio-ca-secret, or cacerts with a mark, as istiod's USE_CACERTS_FOR_SELF_SIGNED_CA",
    default: 'istio-ca-secret',
    parse: oneOf(...SELF_SIGNED_SECRETS),
  }),
  workloadCertTtl: setting<number>({
    flag: 'workload-cert-ttl',
    argument: '<duration>',
    help: 'how long the certificates of stock Envoys are good for; each is renewed before half of it is over',
    default: 86_400_000,
    parse: certificateTtl,
  }),
  workloadKeyType: setting<'ecdsa' | 'rsa'>({
    flag: 'workload-key-type',
    argument: '<type>',
    help: 'keys that are made for stock Envoys: ecdsa (P-256) or rsa (2048 bits)',
    default: 'ecdsa',
    parse: oneOf('ecdsa', 'rsa'),
  }),
  caReload: setting<number>({
    flag: 'ca-reload',
    argument: '<duration>',
    help: 'how often the files of the CA are read again',
    default: 5_000,
    parse: parseMs,
  }),
  tlsSan: list({
    flag: 'tls-san',
    argument: '<host...>',
    help: 'more names and addresses for the certificate of the TLS listener',
  }),
  oidcIssuer: setting<readonly OidcIssuerOption[]>({
    flag: 'oidc-issuer',
    argument: '<issuer=jwks...>',
    help: 'issuers whose tokens of service accounts let workloads join, with an https URL or a file of their keys',
    default: [],
    isList: true,
    parse: parseOidcIssuers,
  }),
  oidcAudience: setting<string>({
    flag: 'oidc-audience',
    argument: '<audience>',
    help: 'whom tokens of those issuers must be meant for',
    default: 'istio-ca',
    parse: String,
  }),
  remoteJwks: setting<RemoteJwks>({
    flag: 'remote-jwks',
    argument: '<mode>',
    help: "who fetches jwksUri: istiod (this control plane), hybrid (proxies, where the URL's host is a service of the mesh), or envoy (proxies, always)",
    default: 'istiod',
    parse: remoteJwks,
  }),
  jwksCa: optional({
    flag: 'jwks-ca',
    argument: '<file>',
    help: 'PEM file of CAs for the servers of such keys, beside those that Node trusts',
  }),
  jwksAllow: setting<readonly string[]>({
    flag: 'jwks-allow',
    argument: '<cidr...>',
    help: 'local addresses that keys of RequestAuthentications may be fetched from (loopback, link-local and metadata are refused)',
    default: [],
    isList: true,
    parse: addressBlocks,
  }),
} as const;
