/** Translates a generated mesh as the server would: what each of its proxies is served goes into FOLDER/NAME/PROXY.json. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KeyUsageFlags, KeyUsagesExtension, X509CertificateGenerator } from '../../dist/ca/x509.js';
import { parseNode } from '../../dist/model/proxy-node.js';
import { dumpConfig } from '../../dist/server/config-dump.js';
import { addResources, createMesh } from '../../dist/server/mesh-instance.js';
import { parseResources } from '../../dist/sources/load.js';
import { MeshConfigFile } from '../../dist/sources/mesh-config-file.js';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
const extensions = [new KeyUsagesExtension(KeyUsageFlags.digitalSignature)];
const someCa = (await X509CertificateGenerator.createSelfSigned({ name: 'CN=fuzz', keys, signingAlgorithm: algorithm, extensions })).toString('pem');
const someKey = `-----BEGIN PRIVATE KEY-----\n${Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')}\n-----END PRIVATE KEY-----\n`;
const caMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'ca', namespace: 'app' }, data: { 'ca.crt': someCa } };

/** `problems` are what validation says; what it refuses is left out, as in the server. */
export function translate({ resources, meshConfig, meshNetworks, west, proxies }, name, folder) {
  const read = (all, options) => parseResources(all.map((one) => JSON.stringify(one)).join('\n---\n'), `${name}.yaml`, options);
  const loaded = [read([...resources, caMap]), ...(west ? [read(west, { cluster: 'west' })] : [])];
  const problems = loaded.flatMap((one) => one.problems).filter(({ severity }) => severity === 'error');
  const rows = loaded.flatMap((one) => one.resources);
  const data = { ...(meshConfig && { mesh: JSON.stringify(meshConfig) }), ...(meshNetworks && { meshNetworks: JSON.stringify(meshNetworks) }) };
  const settings = new MeshConfigFile('mesh.yaml').update(JSON.stringify({ kind: 'ConfigMap', data }));
  problems.push(...settings.problems.filter(({ severity }) => severity === 'error'));
  rows.push(...settings.rows);
  mkdirSync(join(folder, name), { recursive: true });
  for (const [who, node] of Object.entries(proxies)) {
    const { mesh, views } = createMesh();
    addResources(mesh, rows);
    const proxy = parseNode(node);
    mesh.graph.transaction(() => mesh.rows.proxies.set(proxy));
    writeFileSync(join(folder, name, `${who}.json`), JSON.stringify(dumpConfig(views, proxy.key, { origins: false }), besideAds));
  }
  return problems;
}

/**
 * Secrets come over a stream of their own here: stock Envoy 1.40 ends by SIGSEGV when a *static* cluster that is usable at once (an address under
 * DNS, an original destination) wants secrets over ADS, which is not up yet. From CDS, as Envoy gets it from us, it is well.
 */
function besideAds(key, value) {
  // Users' files are not there; something good stands for what they hold.
  if (key === 'crl') return undefined;
  if (['certificateChain', 'trustedCa'].includes(key) && value?.filename !== undefined) return { inlineString: someCa };
  if (key === 'privateKey' && value?.filename !== undefined) return { inlineString: someKey };
  if (key !== 'sdsConfig' || value?.ads === undefined) return value;
  const { ads: _, ...rest } = value;
  const grpcServices = [{ envoyGrpc: { clusterName: 'xds-grpc' } }];
  return { ...rest, apiConfigSource: { apiType: 'GRPC', transportApiVersion: 'V3', grpcServices } };
}
