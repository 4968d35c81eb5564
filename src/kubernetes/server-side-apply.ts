/** Writing what is ours of an object, and leaving the rest to others. https://kubernetes.io/docs/reference/using-api/server-side-apply/ */
import type { ApiClient } from './api-client.js';

/** Who we are among the managers of fields. */
const FIELD_MANAGER = 'mizzen';

/** Makes the fields of the object at `path` (with `/status` its status) what `body` says; takes them over from others. */
export async function serverSideApply<T>(client: ApiClient, path: string, body: object, fieldManager = FIELD_MANAGER): Promise<T> {
  const query = { fieldManager, force: 'true' };
  return client.write<T>('PATCH', path, { body, query, contentType: 'application/apply-patch+yaml' });
}
