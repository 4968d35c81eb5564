/** A root is rotated under a running control plane: what a connected proxy is pushed, and that a bootstrap with the old root still joins. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Node } from '@envoyproxy/xds-protos/envoy/config/core/v3/base.js';
import { Secret } from '@envoyproxy/xds-protos/envoy/extensions/transport_sockets/tls/v3/secret.js';
import { ProxyConfig } from '@envoyproxy/xds-protos/istio/mesh/v1alpha1/proxy.js';
import { credentials, Metadata } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { issueJoinToken } from '../../src/ca/issued-tokens.js';
import { startRotation } from '../../src/ca/rotation.js';
import { ControlPlane, type Listening } from '../../src/server/control-plane.js';
import { readTrustNote } from '../../src/server/trust.js';
import { createLog } from '../../src/telemetry/log.js';
import { PROXY_CONFIG_TYPE, SECRET_TYPE } from '../../src/views/type-urls.js';
import { optionsIn } from './serve-options.js';
import { type DeltaCall, delta } from './xds-client.js';

let folder: string;
let data: string;
let controlPlane: ControlPlane;
let listening: Listening;
const calls: DeltaCall[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rotation-'));
  data = join(folder, 'data');
  mkdirSync(join(folder, 'mesh'));
  const options = optionsIn(folder, { xdsAddress: undefined, httpAddress: undefined, caReload: 20 });
  controlPlane = new ControlPlane(options, createLog({ format: 'json', level: 'silent' }), '0.0.0');
  listening = await controlPlane.start();
});
afterAll(async () => {
  for (const call of calls) call.stop();
  await controlPlane.close(0);
  rmSync(folder, { recursive: true, force: true });
});

/** A proxy that trusts what was the root when it was bootstrapped, and asks for its secrets unless `agent`: that one asks whom to trust. */
async function joined(rootPem: string, agent?: 'agent'): Promise<DeltaCall> {
  const { token } = await issueJoinToken(data, { trustDomain: 'cluster.local', namespace: 'shop', serviceAccount: 'web' });
  const header = credentials.createFromMetadataGenerator((_, done) => {
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${token}`);
    done(null, metadata);
  });
  const port = Number((listening.xdsTls ?? '').split(':').at(-1));
  const call = delta(port, credentials.combineChannelCredentials(credentials.createSsl(Buffer.from(rootPem)), header));
  calls.push(call);
  const metadata = { NAMESPACE: 'shop', ...(agent ? { ISTIO_VERSION: '1.29.0' } : { MIZZEN_CERTIFICATES: 'ads' }) };
  call.send({
    node: Node.fromPartial({ id: 'sidecar~10.0.0.7~web-1.shop~shop.svc.cluster.local', metadata }),
    ...(agent ? { typeUrl: PROXY_CONFIG_TYPE } : { typeUrl: SECRET_TYPE, resourceNamesSubscribe: ['default', 'ROOTCA'] }),
  });
  return call;
}

/** How many roots the next push of PCDS has. */
async function nextBundle(call: DeltaCall): Promise<number> {
  const { resources, nonce } = await call.next();
  call.send({ typeUrl: PROXY_CONFIG_TYPE, responseNonce: nonce });
  return ProxyConfig.decode(resources[0]?.resource?.value ?? Buffer.of()).caCertificatesPem.length;
}

const countOf = (pem = ''): number => pem.split('BEGIN CERTIFICATE').length - 1;

/** Reads pushes until both secrets look as wanted; certificates of chain and of trust at each push. */
async function until(call: DeltaCall, state: { chain: number; roots: number }, chain: number, roots: number): Promise<void> {
  const seen: string[] = [];
  while (state.chain !== chain || state.roots !== roots) {
    const response = await call.next().catch((error: unknown) => {
      throw new Error(`wanted ${chain}/${roots}, saw ${seen.join(' ')}: ${String(error)}`);
    });
    for (const { name, resource } of response.resources) {
      const { type } = Secret.decode(resource?.value ?? Buffer.of());
      const source =
        type?.$case === 'tlsCertificate' ? type.value.certificateChain : type?.$case === 'validationContext' ? type.value.trustedCa : undefined;
      const bytes = source?.specifier;
      const text = bytes?.$case === 'inlineBytes' ? Buffer.from(bytes.value).toString() : bytes?.$case === 'inlineString' ? bytes.value : '';
      if (name === 'default') state.chain = countOf(text);
      else state.roots = countOf(text);
    }
    seen.push(`${state.chain}/${state.roots}`);
    call.send({ typeUrl: SECRET_TYPE, responseNonce: response.nonce });
  }
}

test('CA-009, XD-022 proxies get both roots, then a chain over both, then the new root alone; no stream is lost', async () => {
  const rootPem = readTrustNote(data)?.rootPem ?? '';
  const call = await joined(rootPem);
  const state = { chain: 0, roots: 0 };
  await until(call, state, 1, 1);
  const agent = await joined(rootPem, 'agent');
  expect(await nextBundle(agent)).toBe(1);

  await startRotation(data, { trustDomain: 'cluster.local', distributeForMs: 700, keepOldForMs: 1500 });
  await until(call, state, 1, 2);
  await until(call, state, 2, 2);
  const late = await joined(rootPem);
  await until(late, { chain: 0, roots: 0 }, 2, 2);
  await until(call, state, 1, 1);

  expect([await nextBundle(agent), await nextBundle(agent)]).toEqual([2, 1]);
  expect([call.status, agent.status]).toEqual([undefined, undefined]);
  const fresh = readTrustNote(data)?.rootPem ?? '';
  expect(countOf(fresh)).toBe(1);
  expect(fresh).not.toBe(rootPem);
  await until(await joined(fresh), { chain: 0, roots: 0 }, 1, 1);
}, 20_000);
