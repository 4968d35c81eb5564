/** What somebody shows who wants to join, good and bad: tokens of every kind of fault, client certificates, and how a gRPC client sends them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ChannelCredentials, credentials, Metadata } from '@grpc/grpc-js';
import { importPKCS8, type JWTPayload, SignJWT } from 'jose';
import { createJoinToken } from '../../src/ca/join-token.js';
import { loadOrCreateJoinTokenKey } from '../../src/ca/join-token-key.js';
import { checkout, node, run } from './processes.js';

/** PEM texts of a key and its certificate chain. */
export interface ClientCertificate {
  readonly key: string;
  readonly chain: string;
}

/** What a client shows; nothing is allowed too. */
export interface Shown {
  /** Whole value of the authorization header. */
  readonly authorization?: string;
  readonly certificate?: ClientCertificate;
}

/** Channel credentials over TLS; `rootPem` is whom the client trusts as control plane. */
export function channel(rootPem: string, { authorization, certificate }: Shown): ChannelCredentials {
  const own = certificate && ([Buffer.from(certificate.key), Buffer.from(certificate.chain)] as const);
  const tls = credentials.createSsl(Buffer.from(rootPem), ...(own ?? []));
  if (authorization === undefined) return tls;
  return credentials.combineChannelCredentials(
    tls,
    credentials.createFromMetadataGenerator((_, done) => {
      const metadata = new Metadata();
      metadata.set('authorization', authorization);
      done(null, metadata);
    }),
  );
}

/** A token from the command line, as an operator makes it, with its id. */
export async function tokenOf(dataDir: string, namespace: string, serviceAccount: string, ttl = '1h'): Promise<{ token: string; id: string }> {
  const flags = ['--namespace', namespace, '--service-account', serviceAccount, '--ttl', ttl, '--data-dir', dataDir];
  const token = (await run(node, [mizzen, 'token', 'create', ...flags])).trim();
  const { jti } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { jti: string };
  return { token, id: jti };
}

/** Revokes a token as an operator does. */
export const revoke = (dataDir: string, id: string): Promise<string> => run(node, [mizzen, 'token', 'revoke', id, '--data-dir', dataDir]);

/** A token of the right kind that was good two hours ago. */
export async function expiredToken(dataDir: string, namespace: string, serviceAccount: string): Promise<string> {
  const clock = { now: () => Date.now() - 7_200_000, after: () => () => undefined };
  const identity = { trustDomain: 'cluster.local', namespace, serviceAccount };
  return (await createJoinToken(await loadOrCreateJoinTokenKey(dataDir), { ...identity, clock })).token;
}

/** A token that the control plane's own key signed, but with something else in it: what a thief of the key could not do worse. */
export async function oddToken(dataDir: string, header: object, claims: JWTPayload): Promise<string> {
  const key = await loadOrCreateJoinTokenKey(dataDir);
  const signing = await importPKCS8(readFileSync(join(dataDir, 'join-tokens', 'key.pem'), 'utf8'), 'ES256');
  return new SignJWT({ iss: 'mizzen', aud: 'mizzen', sub: 'spiffe://cluster.local/ns/shop/sa/web', jti: 'odd', ...claims })
    .setProtectedHeader({ alg: 'ES256', typ: 'mizzen-join+jwt', kid: key.id, ...header })
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(signing);
}

const mizzen = join(checkout, 'bin', 'mizzen.js');
