/** What a page of /debug is. */
import type { Analysis } from '../analysis/index.js';
import type { Problem } from '../api/problem.js';
import type { Mesh } from '../model/mesh.js';
import type { Proxy } from '../model/proxy.js';
import type { ConflictCases } from '../server/conflicts.js';
import type { Views } from '../views/views.js';
import type { ConnectionStatus } from '../xds/connection-status.js';
import type { Caller } from './caller.js';

/** What can be looked at. */
export interface PageParts {
  readonly mesh: Mesh;
  readonly views: Views;
  readonly connections: () => readonly ConnectionStatus[];
  readonly problems: () => readonly Problem[];
  readonly conflicts: () => ConflictCases;
  /** Clusters whose resources are read, that of the configuration first. */
  readonly clusters: () => readonly string[];
  /** What injection goes by; undefined while no webhook runs. */
  readonly injection?: () => unknown;
  /** Ends the streams of a proxy (`NAME.NAMESPACE`, or its node's id) and says how many those were; only where operators may. */
  readonly disconnect?: (proxyID: string) => number;
  /** Of the same mesh, where somebody else asks it too. */
  readonly analysis?: Analysis;
}

/** An answer: a text stays as it is, anything else becomes JSON. */
export interface Answer {
  readonly status: 200 | 400 | 403 | 404;
  readonly body: unknown;
}

export interface Page {
  readonly help: string;
  /** Also for workloads outside the root namespace, of what is in theirs (DB-005). */
  readonly forOwnNamespace?: true;
  readonly answer: (query: URLSearchParams, caller: Caller) => Answer;
}

export type Pages = Readonly<Record<string, Page>>;

export const ok = (body: unknown): Answer => ({ status: 200, body });

/** A parameter that is there and not `false`. */
export const isOn = (value: string | null): boolean => value !== null && value !== 'false';

/** How people name a proxy. */
export const nameOf = (proxy: Proxy): string => `${proxy.name}.${proxy.namespace}`;

/** The answer about the proxy that `proxyID` names: `NAME.NAMESPACE`, or its node's id. */
export const ofProxy =
  (mesh: Mesh, show: (proxy: Proxy, query: URLSearchParams) => unknown): Page['answer'] =>
  (query, caller) => {
    const proxyID = query.get('proxyID') ?? '';
    if (proxyID === '') return { status: 400, body: 'You must provide a proxyID in the query string\n' };
    const proxies = [...mesh.rows.proxies.list().values()].filter((one) => caller.namespace === undefined || one.namespace === caller.namespace);
    const proxy = proxies.find((one) => one.id === proxyID || nameOf(one) === proxyID || one.key === proxyID);
    // With the labels that rules go by.
    if (proxy !== undefined) return ok(show(mesh.proxies.get(proxy.key) ?? proxy, query));
    return { status: 404, body: { error: `no proxy ${JSON.stringify(proxyID)} is connected`, proxies: [...new Set(proxies.map(nameOf))].sort() } };
  };
