/**
 * What the replicas know of their proxies, brought together: each keeps a ConfigMap of its own in the namespace of the control plane, and the leader adds
 * them up. One that has not been renewed for a while counts no more, and goes.
 */
import type { ApiClient } from '../kubernetes/api-client.js';
import { hasStatus } from '../kubernetes/api-error.js';
import { type ApiObject, apiPath } from '../kubernetes/api-object.js';
import { serverSideApply } from '../kubernetes/server-side-apply.js';
import { type Programmed, sumProgrammed } from '../status/resource-conditions.js';
import type { ProgrammedReport } from './programmed.js';

export interface ProgrammedReportsParts {
  readonly client: ApiClient;
  readonly namespace: string;
  readonly revision: string;
  /** Of this replica. */
  readonly identity: string;
  /** Milliseconds after which a report is taken for one of a replica that is gone. */
  readonly staleMs: number;
}

const LABEL = 'mizzen.io/programmed-by-revision';
/** etcd takes no more than 1.5 MB; what is beyond is left out rather than all of it lost. */
const MAX_BYTES = 900_000;

export class ProgrammedReports {
  readonly #name: string;
  #sent = { text: '', at: 0, count: 0 };
  readonly #seen = new Map<string, { text: string; at: number }>();

  constructor(private readonly parts: ProgrammedReportsParts) {
    this.#name = `mizzen-programmed-${parts.identity.toLowerCase().replaceAll(/[^a-z0-9-]/g, '-')}`.slice(0, 253);
  }

  /** Writes our own where it changed, and now and then as a sign of life. */
  async publish(report: ProgrammedReport): Promise<void> {
    const { client, namespace, revision, staleMs } = this.parts;
    const text = encode(report);
    const { text: known, at, count } = this.#sent;
    if (text === known && performance.now() - at < staleMs / 3) return;
    const metadata = { name: this.#name, namespace, labels: { [LABEL]: revision } };
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { renewals: String(count + 1), report: text } };
    await serverSideApply(client, this.#path(this.#name), body);
    this.#sent = { text, at: performance.now(), count: count + 1 };
  }

  /** Ours and those of the others. */
  async sum(own: ProgrammedReport): Promise<ProgrammedReport> {
    const { client, revision, staleMs } = this.parts;
    const sum = new Map<string, Programmed>(own);
    const { items } = await client.get<{ items: (ApiObject & { data?: Record<string, string> })[] }>(this.#path(), {
      query: { labelSelector: `${LABEL}=${revision}` },
    });
    for (const { metadata, data = {} } of items) {
      if (metadata.name === this.#name) continue;
      // Clocks of machines differ: what counts is how long we have seen no change.
      const text = `${data['renewals']} ${data['report']?.length}`;
      const seen = this.#seen.get(metadata.name);
      if (seen?.text !== text) this.#seen.set(metadata.name, { text, at: performance.now() });
      else if (performance.now() - seen.at > staleMs) {
        await this.#remove(metadata.name);
        continue;
      }
      for (const [id, one] of decode(data['report'])) sum.set(id, sumProgrammed(sum.get(id), one));
    }
    return sum;
  }

  /** Takes our own away. */
  async close(): Promise<void> {
    if (this.#sent.count > 0) await this.#remove(this.#name).catch(() => undefined);
  }

  async #remove(name: string): Promise<void> {
    this.#seen.delete(name);
    try {
      await this.parts.client.write('DELETE', this.#path(name), { timeoutMs: 2000 });
    } catch (error) {
      if (!hasStatus(error, 404)) throw error;
    }
  }

  #path(name?: string): string {
    return apiPath({ group: '', version: 'v1', plural: 'configmaps', namespace: this.parts.namespace }, name);
  }
}

function encode(report: ProgrammedReport): string {
  const entries: string[] = [];
  let bytes = 2;
  for (const entry of [...report].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const text = JSON.stringify(entry);
    bytes += Buffer.byteLength(text) + 1;
    if (bytes > MAX_BYTES) break;
    entries.push(text);
  }
  return `[${entries.join()}]`;
}

function decode(text: string | undefined): readonly (readonly [string, Programmed])[] {
  try {
    const value: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(value)
      ? (value as [string, Programmed][]).filter((one) => typeof one[0] === 'string' && typeof one[1]?.proxies === 'number')
      : [];
  } catch {
    return [];
  }
}
