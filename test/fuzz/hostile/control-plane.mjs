/** The xDS server over the real provider, with an authority and tokens as in production, on streams without a network. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import {
  DeltaDiscoveryRequest,
  DeltaDiscoveryResponse,
  DiscoveryRequest,
  DiscoveryResponse,
} from '@envoyproxy/xds-protos/envoy/service/discovery/v3/discovery.js';
import { ClientCertificateAuthenticator } from '../../../dist/ca/authenticators/client-certificate.js';
import { JoinTokenAuthenticator } from '../../../dist/ca/authenticators/join-token.js';
import { createJoinToken, JoinTokenVerifier } from '../../../dist/ca/join-token.js';
import { loadOrCreateJoinTokenKey } from '../../../dist/ca/join-token-key.js';
import { Revocations } from '../../../dist/ca/revocations.js';
import { authorityOf } from '../../../dist/ca/testing/material.js';
import { WorkloadCertificates } from '../../../dist/ca/workload-certificates.js';
import { createPages } from '../../../dist/debug/pages.js';
import { DebugTypes } from '../../../dist/debug/xds-types.js';
import { conflictFinder } from '../../../dist/server/conflicts.js';
import { Identities } from '../../../dist/server/identities.js';
import { addResources, createMesh } from '../../../dist/server/mesh-instance.js';
import { MeshProvider } from '../../../dist/server/mesh-provider.js';
import { RegistrationFiles } from '../../../dist/server/registration-files.js';
import { Registrations } from '../../../dist/server/registrations.js';
import { parseResources } from '../../../dist/sources/load.js';
import * as types from '../../../dist/views/type-urls.js';
import { Refusal } from '../../../dist/xds/provider.js';
import { XdsServer } from '../../../dist/xds/server.js';
import { FakeStream } from '../../../dist/xds/testing/fake-stream.js';
import { deltaVariant, sotwVariant } from '../../../dist/xds/variant.js';
import { goldenTexts } from './goldens.mjs';

export const TYPES = Object.entries(types).flatMap(([name, url]) => (name.endsWith('_TYPE') ? [url] : []));
export const REQUEST = { sotw: DiscoveryRequest, delta: DeltaDiscoveryRequest };
const RESPONSE = { sotw: DiscoveryResponse, delta: DeltaDiscoveryResponse };
const VARIANT = { sotw: sotwVariant, delta: deltaVariant };
const IDENTITY = { trustDomain: 'cluster.local', namespace: 'shop', serviceAccount: 'web' };
/** What only a fault of ours ends with. */
const INTERNAL = 13;

const folder = mkdtempSync(join(tmpdir(), 'mizzen-hostile-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const authority = await authorityOf();
const key = await loadOrCreateJoinTokenKey(folder);
const revocations = new Revocations(folder);
const authenticators = [
  new ClientCertificateAuthenticator(authority),
  new JoinTokenAuthenticator(new JoinTokenVerifier({ key, trustDomain: 'cluster.local', revocations })),
];
const { token } = await createJoinToken(key, IDENTITY);

const resources = parseResources(goldenTexts.slice(0, 12).join('\n---\n')).resources;
const faults = [];

function start() {
  const { mesh, views } = createMesh();
  addResources(mesh, resources);
  const pages = {
    mesh,
    views,
    connections: () => server.connections(),
    problems: () => [],
    conflicts: conflictFinder(mesh, views),
    clusters: () => ['Kubernetes'],
  };
  const onError = (error) => faults.push(error);
  const provider = new MeshProvider({
    mesh,
    views,
    authenticators,
    identities: new Identities(mesh, new WorkloadCertificates(authority)),
    registrations: new Registrations({ mesh, files: new RegistrationFiles(folder, onError), graceMs: 0 }),
    debugTypes: new DebugTypes(pages, createPages(pages)),
    vhdsThreshold: 1,
    onError,
  });
  const server = new XdsServer({ provider, observer: { readFailed: ({ error }) => faults.push(error) } });
  return { mesh, server };
}
let { mesh, server } = start();

/** How a stream's peer shows itself. */
export const PEERS = {
  plaintext: { address: '10.0.0.1:5', plaintext: true, metadata: { authorization: `Bearer ${token}` } },
  proven: {
    address: '10.0.0.1:5',
    plaintext: false,
    metadata: { authorization: `Bearer ${token}` },
    tls: { authorized: false, chain: [], uriSans: [] },
  },
  stranger: { address: '10.0.0.1:5', plaintext: false, metadata: {}, tls: { authorized: false, chain: [], uriSans: [] } },
};

async function settled(stream) {
  // Judging a peer takes cryptography.
  for (let wait = 0; wait < 5_000 && stream.ended === undefined && server.connections().length === 0; wait++) await sleep(1);
  let seen = -1;
  let still = 0;
  for (let round = 0; round < 2_000 && still < 12 && stream.ended === undefined; round++) {
    await turn();
    still = stream.sent.length === seen ? still + 1 : 0;
    seen = stream.sent.length;
  }
}

/** Sends the messages, functions of the last nonce, one after the other, and closes; throws for what must never happen. */
export async function talk(variant, peer, messages) {
  try {
    return await speak(variant, peer, messages);
  } catch (error) {
    // What is found with the next input is not this one's doing.
    ({ mesh, server } = start());
    faults.length = 0;
    throw error;
  }
}

async function speak(variant, peer, messages) {
  const stream = new FakeStream(PEERS[peer]);
  server.accept(stream, VARIANT[variant]);
  let read = 0;
  let nonce = '';
  const responses = [];
  for (const message of messages) {
    const bytes = message(nonce);
    if (bytes === undefined) continue;
    try {
      stream.receive(bytes);
    } catch (error) {
      // As the transport does: a refusal ends the call, anything else is a fault.
      if (!(error instanceof Refusal)) throw error;
      stream.end(error.status, error.message);
    }
    await settled(stream);
    for (; read < stream.sent.length; read++) {
      const response = RESPONSE[variant].decode(stream.sent[read]);
      nonce = response.nonce;
      responses.push(response);
    }
    if (stream.ended !== undefined) break;
  }
  const { ended } = stream;
  stream.close();
  await turn();
  // A certificate may still be on its way for a stream that went.
  for (let round = 0; round < 5_000 && (mesh.rows.certificates.list().size > 0 || mesh.rows.proxies.list().size > 0); round++) await sleep(1);
  const fault = faults.shift();
  if (fault !== undefined) throw fault;
  if (ended?.status === INTERNAL) throw new Error(`ended with INTERNAL: ${ended.message}`);
  if (ended !== undefined && ended.message.length > 2_000) throw new Error(`a status of ${ended.message.length} characters`);
  if (server.connections().length > 0) throw new Error('a connection is left');
  if (mesh.rows.proxies.list().size > 0) throw new Error('a proxy is left');
  if (mesh.rows.certificates.list().size > 0) throw new Error('a certificate is left');
  if (peer === 'stranger' && responses.length > 0) throw new Error('a stranger was answered');
  const secrets = responses.filter(({ typeUrl }) => typeUrl === types.SECRET_TYPE).flatMap(({ resources }) => resources);
  if (peer !== 'proven' && secrets.length > 0) throw new Error('a secret over plaintext');
  return { ended, responses };
}

const GOOD = { id: 'sidecar~10.1.0.1~web.shop~shop.svc.cluster.local', metadata: { NAMESPACE: 'shop', SERVICE_ACCOUNT: 'web' } };
/** A well-behaved proxy is served as ever. */
export async function othersAreServed() {
  const { responses } = await talk('delta', 'proven', [
    () => DeltaDiscoveryRequest.encode(DeltaDiscoveryRequest.fromPartial({ node: GOOD, typeUrl: types.CLUSTER_TYPE })).finish(),
  ]);
  if (!(responses[0]?.resources.length > 0)) throw new Error('others are not served any more');
}
