/**
 * The API server's question and our answer. https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#request
 */
import type { JsonPatch } from '../injection/patch.js';

export interface GroupVersionResource {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
}

export interface AdmissionRequest {
  readonly uid: string;
  readonly kind?: { readonly group: string; readonly version: string; readonly kind: string };
  readonly resource?: GroupVersionResource;
  readonly namespace?: string;
  readonly name?: string;
  readonly operation?: string;
  /** Absent when something is deleted. */
  readonly object?: unknown;
}

/** What a webhook decides; `uid` and the review around it are added by the server. */
export interface Verdict {
  readonly allowed: boolean;
  /** Why not. */
  readonly message?: string;
  readonly warnings?: readonly string[];
  readonly patch?: JsonPatch;
}

const API_VERSION = 'admission.k8s.io/v1';

/** @throws Error that says what the review lacks */
export function readReview(body: unknown): AdmissionRequest {
  if (!isObject(body) || body['kind'] !== 'AdmissionReview') throw new Error('the body is no AdmissionReview');
  if (body['apiVersion'] !== API_VERSION) throw new Error(`apiVersion ${JSON.stringify(body['apiVersion'])} is not ${API_VERSION}`);
  const { request } = body;
  if (!isObject(request) || typeof request['uid'] !== 'string' || request['uid'] === '')
    throw new Error('the AdmissionReview has no request with a uid');
  return request as unknown as AdmissionRequest;
}

/** The API server cuts warnings at 256 characters and 4096 in all. */
const MAX_WARNING = 256;

export function answerReview(uid: string, { allowed, message, warnings = [], patch }: Verdict): Record<string, unknown> {
  const response = {
    uid,
    allowed,
    ...(message !== undefined && { status: { message, ...(!allowed && { code: 422, reason: 'Invalid' }) } }),
    ...(warnings.length > 0 && { warnings: warnings.slice(0, 16).map((text) => text.slice(0, MAX_WARNING)) }),
    ...(patch !== undefined && { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') }),
  };
  return { apiVersion: API_VERSION, kind: 'AdmissionReview', response };
}

export const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
