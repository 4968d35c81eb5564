/** Service accounts of a Kubernetes API in tests: their tokens, and gRPC calls that carry them. */
import { IstioCertificateRequest, IstioCertificateResponse, IstioCertificateServiceService } from '@envoyproxy/xds-protos/istio/v1/auth/ca.js';
import { type ChannelCredentials, Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { keyPair } from '../../src/ca/testing/material.js';
import { Pkcs10CertificateRequestGenerator } from '../../src/ca/x509.js';
import type { ApiClient } from '../../src/kubernetes/api-client.js';

/** What the server grants when asked for a token of the account; `audience` is whom it is meant for. */
export async function accountToken(client: ApiClient, namespace: string, name: string, audience?: string): Promise<string> {
  const spec = { expirationSeconds: 3600, ...(audience !== undefined && { audiences: [audience] }) };
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec };
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
  const { status } = await client.write<{ status: { token: string } }>('POST', path, { body });
  return status.token;
}

/** TLS that trusts the mesh's root and shows a token with each call. */
export function tokenCredentials(rootPem: string, token: string): ChannelCredentials {
  const call = credentials.createFromMetadataGenerator((_, done) => {
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${token}`);
    done(null, metadata);
  });
  return credentials.combineChannelCredentials(credentials.createSsl(Buffer.from(rootPem)), call);
}

/** A certificate for the bearer, leaf first; `error` is the answer where there is none. */
export async function requestCertificate(
  address: string,
  rootPem: string,
  token: string,
  cluster = '',
): Promise<{ readonly chain: readonly string[]; readonly error?: string; readonly code?: number }> {
  const client = new Client(address, credentials.createSsl(Buffer.from(rootPem)));
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${token}`);
  if (cluster !== '') metadata.set('clusterid', cluster);
  const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' };
  const csr = (await Pkcs10CertificateRequestGenerator.create({ name: 'CN=x', keys: await keyPair('ec'), signingAlgorithm })).toString('pem');
  try {
    return await new Promise((resolve) => {
      client.makeUnaryRequest(
        IstioCertificateServiceService.createCertificate.path,
        (message: IstioCertificateRequest) => Buffer.from(IstioCertificateRequest.encode(message).finish()),
        (bytes) => IstioCertificateResponse.decode(bytes),
        IstioCertificateRequest.fromPartial({ csr, validityDuration: 3600n }),
        metadata,
        (error: ServiceError | null, response) =>
          resolve(error === null ? { chain: response?.certChain ?? [] } : { chain: [], error: error.details, code: error.code }),
      );
    });
  } finally {
    client.close();
  }
}
