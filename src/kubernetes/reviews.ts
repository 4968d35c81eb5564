/**
 * Questions that only the API server can answer: whose token this is, and what somebody may do.
 * https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-review-v1/
 * https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/subject-access-review-v1/
 */
import type { ApiClient } from './api-client.js';

/** What the server says of a token. */
export interface TokenStatus {
  readonly authenticated?: boolean;
  readonly user?: { readonly username?: string; readonly groups?: readonly string[] };
  /** Those that were asked for and that the token is meant for. */
  readonly audiences?: readonly string[];
  readonly error?: string;
}

export interface ServiceAccountName {
  readonly namespace: string;
  readonly name: string;
}

const REVIEW_MS = 10_000;

/** The server's verdict; rejects when it gives none. */
export async function reviewToken(client: ApiClient, token: string, audiences: readonly string[]): Promise<TokenStatus> {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token, audiences } };
  const path = '/apis/authentication.k8s.io/v1/tokenreviews';
  const { status } = await client.write<{ status?: TokenStatus }>('POST', path, { body, timeoutMs: REVIEW_MS });
  return status ?? {};
}

/** Whether an account may list Secrets in its own namespace; rejects when the server does not say. */
export async function mayReadSecrets(client: ApiClient, { namespace, name }: ServiceAccountName): Promise<boolean> {
  const user = `system:serviceaccount:${namespace}:${name}`;
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'];
  const spec = { user, groups, resourceAttributes: { namespace, verb: 'list', resource: 'secrets' } };
  const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec };
  const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
  const { status } = await client.write<{ status?: { allowed?: boolean } }>('POST', path, { body, timeoutMs: REVIEW_MS });
  return status?.allowed === true;
}
