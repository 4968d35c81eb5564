/** Certificates for agents that send a CSR: the control plane on free ports, a gRPC client of another make, tokens revoked as people do. */
import { X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IstioCertificateRequest, IstioCertificateResponse, IstioCertificateServiceService } from '@envoyproxy/xds-protos/istio/v1/auth/ca.js';
import { Client, type ClientUnaryCall, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createJoinToken } from '../../src/ca/join-token.js';
import { loadOrCreateJoinTokenKey } from '../../src/ca/join-token-key.js';
import { Revocations } from '../../src/ca/revocations.js';
import { keyPair } from '../../src/ca/testing/material.js';
import { Pkcs10CertificateRequestGenerator } from '../../src/ca/x509.js';
import { ControlPlane, type Listening } from '../../src/server/control-plane.js';
import { readTrustNote } from '../../src/server/trust.js';
import { createLog } from '../../src/telemetry/log.js';
import { optionsIn } from './serve-options.js';

let folder: string;
let data: string;
let controlPlane: ControlPlane;
let listening: Listening;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'csr-'));
  data = join(folder, 'data');
  mkdirSync(join(folder, 'mesh'));
  const options = optionsIn(folder, { httpAddress: undefined });
  controlPlane = new ControlPlane(options, createLog({ format: 'json', level: 'silent' }), '0.0.0');
  listening = await controlPlane.start();
});
afterAll(async () => {
  await controlPlane.close(0);
  rmSync(folder, { recursive: true, force: true });
});

async function csr(): Promise<string> {
  const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' };
  return (await Pkcs10CertificateRequestGenerator.create({ name: 'CN=x', keys: await keyPair('ec'), signingAlgorithm })).toString('pem');
}

async function create(
  address: string | undefined,
  token: string | undefined,
  request: string,
  headers: Record<string, string> = {},
): Promise<readonly string[]> {
  const rootPem = readTrustNote(data)?.rootPem ?? '';
  const isTls = address === listening.xdsTls;
  const client = new Client(address ?? '', isTls ? credentials.createSsl(Buffer.from(rootPem)) : credentials.createInsecure());
  const { path } = IstioCertificateServiceService.createCertificate;
  const metadata = new Metadata();
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  try {
    return await new Promise<readonly string[]>((resolve, reject) => {
      const call: ClientUnaryCall = client.makeUnaryRequest(
        path,
        (message: IstioCertificateRequest) => Buffer.from(IstioCertificateRequest.encode(message).finish()),
        (bytes) => IstioCertificateResponse.decode(bytes),
        IstioCertificateRequest.fromPartial({ csr: request, validityDuration: 3600n }),
        metadata,
        (error: ServiceError | null, response) => (error === null ? resolve(response?.certChain ?? []) : reject(error)),
      );
      call.on('error', () => undefined);
    });
  } finally {
    client.close();
  }
}

test('CA-001 an agent with a token gets leaf and root; without one, with a revoked one, or over plaintext it gets nothing', async () => {
  const key = await loadOrCreateJoinTokenKey(data);
  const { token, id } = await createJoinToken(key, { trustDomain: 'cluster.local', namespace: 'shop', serviceAccount: 'web' });
  const request = await csr();
  const [leaf = '', root = '', ...rest] = await create(listening.xdsTls, token, request);
  expect(rest).toEqual([]);
  const certificate = new X509Certificate(leaf);
  expect(certificate.subjectAltName).toBe('URI:spiffe://cluster.local/ns/shop/sa/web');
  expect(certificate.verify(new X509Certificate(root).publicKey)).toBe(true);

  await expect(create(listening.xdsTls, undefined, request)).rejects.toMatchObject({ code: 16 });
  await expect(create(listening.xds, token, request)).rejects.toMatchObject({ code: 12 });
  await new Revocations(data).revoke(id);
  await expect(create(listening.xdsTls, token, request)).rejects.toMatchObject({ code: 16, details: expect.stringContaining('revoked') });
});

test('CA-005 a certificate that a header tells of proves nothing, from this machine neither, and takes nothing from a token', async () => {
  const told = { 'x-forwarded-client-cert': 'By=spiffe://cluster.local/ns/a/sa/b;Hash=ab;URI=spiffe://cluster.local/ns/shop/sa/admin' };
  const request = await csr();
  await expect(create(listening.xdsTls, undefined, request, told)).rejects.toMatchObject({ code: 16 });
  const key = await loadOrCreateJoinTokenKey(data);
  const { token } = await createJoinToken(key, { trustDomain: 'cluster.local', namespace: 'shop', serviceAccount: 'web' });
  const [leaf = ''] = await create(listening.xdsTls, token, request, told);
  expect(new X509Certificate(leaf).subjectAltName).toBe('URI:spiffe://cluster.local/ns/shop/sa/web');
});
