/** What the API server says when it refuses: its `Status` object. https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/ */

export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    /** HTTP status; in a watch, the code of the Status that ended it. */
    readonly status: number,
    /** Such as `NotFound`, `Conflict`, `Expired`; '' when the answer was no Status. */
    readonly reason: string,
    message: string,
    /** How long the server asks to be left alone. */
    readonly retryAfterMs?: number,
  ) {
    super(message);
  }
}

/** An error of what the server sent: a Status if it is one. */
export function apiError(status: number, body: string, retryAfter?: string): ApiError {
  const seconds = Number(retryAfter);
  const retryAfterMs = retryAfter !== undefined && Number.isFinite(seconds) ? Math.min(seconds, 60) * 1000 : undefined;
  let said: { reason?: unknown; message?: unknown } = {};
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null) said = parsed;
  } catch {
    // not JSON: a proxy in between, or plain text
  }
  const message = typeof said.message === 'string' ? said.message : body.slice(0, 200).trim() || `HTTP ${status}`;
  return new ApiError(status, typeof said.reason === 'string' ? said.reason : '', message, retryAfterMs);
}

/** True for an ApiError with one of the statuses. */
export const hasStatus = (error: unknown, ...statuses: readonly number[]): error is ApiError =>
  error instanceof ApiError && statuses.includes(error.status);

/** Whatever was thrown, as an Error; also one of another realm. */
export const asError = (error: unknown): Error =>
  typeof error === 'object' && error !== null && 'message' in error ? (error as Error) : new Error('unknown failure', { cause: error });
