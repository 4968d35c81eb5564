/** The Kubernetes API as the checks use it. Lists that can't be had are told once, and count as empty. */
import type { ApiClient } from '../kubernetes/api-client.js';
import { hasStatus } from '../kubernetes/api-error.js';
import type { ApiObject } from '../kubernetes/api-object.js';

export interface Cluster {
  readonly api: ApiClient;
  /** Of the control plane. */
  readonly namespace: string;
  /** `default` for the default one. */
  readonly revision: string;
}

/** All objects of a collection; undefined when the server has no such kind or does not let us see it. */
export async function listOf(api: ApiClient, path: string): Promise<readonly ApiObject[] | undefined> {
  const items: ApiObject[] = [];
  let next = '';
  try {
    do {
      const query = { limit: '500', ...(next !== '' && { continue: next }) };
      const page = await api.get<{ items: ApiObject[]; metadata?: { continue?: string } }>(path, { query });
      items.push(...page.items);
      next = page.metadata?.continue ?? '';
    } while (next !== '');
    return items;
  } catch (error) {
    if (hasStatus(error, 403, 404)) return undefined;
    throw error;
  }
}

/** One object; undefined when there is none, or it is not ours to see. */
export async function objectAt(api: ApiClient, path: string): Promise<ApiObject | undefined> {
  try {
    return await api.get(path);
  } catch (error) {
    if (hasStatus(error, 403, 404)) return undefined;
    throw error;
  }
}

export const serviceName = (revision: string): string => (revision === 'default' ? 'istiod' : `istiod-${revision}`);
