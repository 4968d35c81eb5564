/** Certificate requests, as PEM and as the message around it: refused with a clear status, or signed for who asks and nobody else. */

import { X509Certificate } from 'node:crypto';
import { IstioCertificateRequest, IstioCertificateResponse } from '@envoyproxy/xds-protos/istio/v1/auth/ca.js';
import fc from 'fast-check';
import { authorityOf, keyPair } from '../../../dist/ca/testing/material.js';
import { PemConverter, Pkcs10CertificateRequestGenerator, SubjectAlternativeNameExtension } from '../../../dist/ca/x509.js';
import { CertificateService } from '../../../dist/server/certificate-service.js';
import { GrpcStatus, Refusal } from '../../../dist/xds/provider.js';
import { oneOf } from './mesh.mjs';
import { spoiledBytes, spoiledText, text } from './texts.mjs';

const IDENTITY = { trustDomain: 'cluster.local', namespace: 'shop', serviceAccount: 'web' };
const NAME = 'URI:spiffe://cluster.local/ns/shop/sa/web';
const authority = await authorityOf();
const counter = { inc: () => undefined };
const metrics = {
  csrs: counter,
  certificates: counter,
  authenticationFailures: counter,
  csrParsingErrors: counter,
  csrSignErrors: counter,
  idExtractionErrors: counter,
};
const faults = [];
let service;
let calls = 0;
const peer = { address: '10.0.0.1:5', plaintext: false, metadata: {}, tls: { authorized: false, chain: [], uriSans: [] } };

/** Real requests: of each kind of key, with names that the asker would like to have. */
async function request(algorithm, names) {
  const keys = await keyPair(algorithm);
  const extensions = names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names.map((value) => ({ type: 'url', value })))];
  const signingAlgorithm = algorithm === 'rsa' ? { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } : { name: 'ECDSA', hash: 'SHA-256' };
  const csr = await Pkcs10CertificateRequestGenerator.create({ name: 'CN=admin', keys, signingAlgorithm, extensions });
  return Buffer.from(csr.rawData).toString('base64');
}
const DER = [
  await request('ec', []),
  await request('ec', ['spiffe://cluster.local/ns/istio-system/sa/admin']),
  await request('p384', ['spiffe://other/ns/a/sa/b', 'spiffe://cluster.local/ns/a/sa/b']),
  await request('rsa', []),
];
const pem = (der) => PemConverter.encode(Buffer.from(der, 'base64'), 'CERTIFICATE REQUEST');
const ttl = fc.oneof(fc.constantFrom('0', '60', '86400', '-1', '9223372036854775807', '31536000'));
const csr = fc.oneof(
  { weight: 4, arbitrary: spoiledBytes(oneOf(DER), 3).map(pem) },
  { weight: 3, arbitrary: spoiledText(oneOf(DER).map(pem), 3) },
  { weight: 1, arbitrary: fc.tuple(oneOf(DER).map(pem), oneOf(DER).map(pem)).map((two) => two.join('\n')) },
  { weight: 1, arbitrary: text },
);
const message = fc.record({ csr, ttl }).map((json) => encoded(json).toString('base64'));

function encoded({ csr: pemText, ttl: validityDuration }) {
  return Buffer.from(
    IstioCertificateRequest.encode(IstioCertificateRequest.fromPartial({ csr: pemText, validityDuration: BigInt(validityDuration) })).finish(),
  );
}

/** JSON: the message's fields, or its bytes. */
export const inputs = fc.oneof(
  { weight: 4, arbitrary: fc.record({ csr, ttl }) },
  { weight: 1, arbitrary: spoiledBytes(message).map((bytes) => ({ bytes })) },
);

export async function check(input) {
  // The limit on one identity's requests is not what is tried here.
  if (calls++ % 100 === 0)
    service = new CertificateService({
      authority,
      authenticators: [{ authenticate: async () => IDENTITY }],
      metrics,
      onError: (error) => faults.push(error),
    });
  const bytes = input.bytes === undefined ? encoded(input) : Buffer.from(input.bytes, 'base64');
  let answer;
  try {
    answer = IstioCertificateResponse.decode(await service.create(bytes, peer));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.status !== GrpcStatus.INVALID_ARGUMENT && error.status !== GrpcStatus.RESOURCE_EXHAUSTED) throw error;
    if (error.message.length > 1_000) throw new Error(`a status of ${error.message.length} characters`);
  }
  const fault = faults.shift();
  if (fault !== undefined) throw fault;
  if (answer === undefined) return;
  const leaf = new X509Certificate(answer.certChain[0]);
  if (leaf.subjectAltName !== NAME) throw new Error(`signed for ${leaf.subjectAltName}`);
  if (leaf.ca) throw new Error('signed a CA');
  if (leaf.subject !== undefined && /admin/.test(leaf.subject)) throw new Error(`signed with the subject ${leaf.subject}`);
  const days = (Date.parse(leaf.validTo) - Date.now()) / 86_400_000;
  if (!(days > 0 && days <= 90)) throw new Error(`signed for ${days} days`);
}
