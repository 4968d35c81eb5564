/**
 * Credentials over SDS: Secrets that `credentialName` names, for proxies that proved an identity of the Secret's namespace (GW-012..GW-016).
 * Each is encoded once, whoever asks.
 */
import { Secret } from '@envoyproxy/xds-protos/envoy/extensions/transport_sockets/tls/v3/secret.js';
import { CA_SUFFIX, namespaceOfIdentity, parseCredentialName } from '../model/credential-name.js';
import { type CredentialUse, defineCredentials } from '../model/credentials.js';
import { type Mesh, secretReaderId } from '../model/mesh.js';
import { type OutboundScope, scopeOf } from '../model/scope.js';
import { type CredentialData, configMapData, credentialCa, credentialCertificate, secretData } from '../translate/secret/gateway-credential.js';
import type { KeyProvider } from '../translate/secret/private-key.js';
import { credentialResourceName } from '../translate/tls/sds.js';
import { type EncodedResource, encodeResource, sameResource } from './encode.js';
import type { SecretSource } from './secrets.js';

export function gatewaySecrets(mesh: Mesh): SecretSource {
  const { graph, rows } = mesh;
  const credentials = defineCredentials(graph, mesh);
  const secrets = rows.of('Secret');

  /** Key: outbound scope. The names as proxies ask for them. */
  const allowed = graph.query(
    'credentialResources',
    (scopeId: string): ReadonlyMap<string, CredentialUse> =>
      new Map([...credentials.named(scopeOf<OutboundScope>(scopeId))].map(([name, use]) => [credentialResourceName(name), use])),
  );

  /** Key: use, type, namespace, name, resource name and the key's provider as JSON or nothing, joined by spaces. */
  const secret = graph.query(
    'credentialSecret',
    (key: string): EncodedResource | undefined => {
      const [use = '', type = '', namespace = '', name = '', resourceName = '', ...provider] = key.split(' ');
      const data = (type === 'configmap' ? fromConfigMap : fromSecret)(namespace, name);
      if (data === undefined) return undefined;
      const found = use === 'ca' ? credentialCa(resourceName, data) : credentialCertificate(resourceName, data, providerFrom(provider.join(' ')));
      return found === undefined ? undefined : encodeResource(Secret, resourceName, found);
    },
    { equals: sameResource },
  );
  const fromConfigMap = (namespace: string, name: string): CredentialData | undefined => {
    const row = rows.of('ConfigMap').get(`${namespace}/${withoutSuffix(name)}`);
    return row === undefined ? undefined : configMapData(row.spec);
  };
  /** The CA may have a Secret of its own, else it is beside the certificate. */
  const fromSecret = (namespace: string, name: string): CredentialData | undefined => {
    const row = secrets.get(`${namespace}/${name}`) ?? secrets.get(`${namespace}/${withoutSuffix(name)}`);
    return row === undefined ? undefined : secretData(row.spec);
  };

  return (proxy, name, provider) => {
    if (namespaceOfIdentity(proxy.identity) !== proxy.namespace) return undefined;
    const credential = parseCredentialName(name, proxy.namespace);
    if (credential === undefined) return undefined;
    const { type, namespace } = credential;
    // A ConfigMap has nothing but a CA's public certificate.
    const scope = mesh.proxies.outboundScope(proxy.key);
    const mayHave = namespace === proxy.namespace || credentials.granted(scope).has(name);
    const isReader = !mesh.reviewsSecretReaders || rows.secretReaders.get(secretReaderId(proxy.clusterId, proxy.identity)) !== undefined;
    const own = () => (mayHave && isReader ? allowed.get(scope.id).get(name) : undefined);
    const use = type === 'configmap' ? 'ca' : own();
    if (use === undefined) return undefined;
    // What proxies do with keys says nothing about CAs.
    const withKey = provider !== undefined && use !== 'ca' ? JSON.stringify(provider) : '';
    return secret.get(`${use} ${type} ${namespace} ${credential.name} ${name} ${withKey}`);
  };
}

const providerFrom = (text: string): KeyProvider | undefined => (text === '' ? undefined : (JSON.parse(text) as KeyProvider));

const withoutSuffix = (name: string): string => (name.endsWith(CA_SUFFIX) ? name.slice(0, -CA_SUFFIX.length) : name);
