/** What a scenario file says: resources, and steps with expectations. `e2e/scenarios/README.md` explains the words to those who write them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { checkout } from './processes.js';

/** A number, or the least and the most. */
export type Range = number | readonly [number, number];
type Counts = Readonly<Record<string, Range>>;
type Wanted = Readonly<Record<string, string | number | null>>;

/** What the answers to one step must be; each field is about every answer unless it counts. */
export interface Expectation {
  readonly status?: Range;
  /** Which servers may have answered. */
  readonly version?: string | readonly string[];
  /** Error code of the connection. */
  readonly error?: string | readonly string[];
  /** Part of the text of an answer that is Envoy's own. */
  readonly body?: string;
  /** Headers of the answer; null means absent. */
  readonly headers?: Wanted;
  /** What the server saw: `path`, `host`, `method`, … */
  readonly seen?: Wanted;
  /** Request headers that the server saw; null means absent. */
  readonly seenHeaders?: Wanted;
  readonly grpc?: number | readonly number[];
  readonly certificate?: string;
  readonly ms?: Range;
  /** How many answers of each status, version or error; others must not occur. */
  readonly counts?: Readonly<Partial<Record<'status' | 'version' | 'error', Counts>>>;
  /** How many answers took at least so long. */
  readonly slower?: { readonly than: number; readonly count: Range };
  /** How many requests came in at a server, copies and retries included; `all` is the sum. */
  readonly arrived?: Counts;
  /** Every value of this header (see `each`) meets one server only. */
  readonly sticky?: string;
  /** Compared with an earlier step (its `as`): how many values of the header meet another server now, and which. */
  readonly moved?: { readonly since: string; readonly header: string; readonly count: Range; readonly only?: string };
}

/** Requests. */
export interface SendStep {
  /** `GET http://…`, `grpc http://…`, `tcp tcp://…`, `websocket http://…`, or `openssl https://…`, whose body is what `s_client -status` prints. */
  readonly send: string;
  /** The pod that sends; `client` unless told. */
  readonly from?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly times?: number;
  readonly atOnce?: number;
  readonly everyMs?: number;
  /** Header values that change from request to request: name and how many different ones. */
  readonly each?: Readonly<Record<string, number>>;
  /** A connection for each request. */
  readonly fresh?: boolean;
  /** Server name of TLS. */
  readonly sni?: string;
  /** Files of what the client shows in TLS. */
  readonly clientCertificate?: { readonly key: string; readonly cert: string };
  /** `HOST:PORT` to connect to instead of what the URL says. */
  readonly to?: string;
  /** How long a TCP connection stays open after it was answered, in ms. */
  readonly hold?: number;
  readonly timeoutMs?: number;
  /** A TCP client that waits for the server to speak first. */
  readonly silent?: boolean;
  /** Tried again for so long (ms) until it comes true; for what time must bring about. */
  readonly within?: number;
  /** Name of these answers for `moved`. */
  readonly as?: string;
  readonly expect: Expectation;
}

/** Anything a scenario does. */
export type Step =
  | SendStep
  /** Servers fail or slow down, or answer with another text, until told otherwise (`{}`) or the scenario ends. */
  | { readonly behave: Readonly<Record<string, { status?: number; delayMs?: number; body?: string }>> }
  | { readonly pause: number }
  /** Resources that replace those of the same kind, namespace and name, or come in addition. */
  | { readonly apply: readonly Resource[] }
  | { readonly stat: { readonly of: string; readonly name: string; readonly is: Range } }
  | Look;

/** What somebody sees who looks for a cause; each is tried for a while. */
export type Look =
  /** A line that a proxy logged since the scenario began, with all of these texts. */
  | { readonly log: { readonly of: string; readonly has: readonly string[] } }
  /** By how much Istio's metric grew at a proxy since the scenario began, over all series with these labels. */
  | { readonly metric: { readonly of: string; readonly name: string; readonly labels: Readonly<Record<string, string>>; readonly is: Range } }
  /** A page of the control plane (`/debug/…`), and texts in it; `lacks` must not be there. */
  | { readonly ask: { readonly page: string; readonly has?: readonly string[]; readonly lacks?: readonly string[] } };

/** A resource as YAML has it. */
export interface Resource {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: Readonly<Record<string, unknown>>;
}

/** One scenario. */
export interface Scenario {
  readonly name: string;
  /** Ids of the features and what must happen. */
  readonly why: string;
  /** Minor version of Envoy 1 from which it can be played; before, it is skipped. */
  readonly sinceEnvoy?: number;
  /** Names for the pods' DNS beyond those of the services. */
  readonly dns?: Readonly<Record<string, string>>;
  readonly mesh?: readonly Resource[];
  /** Files of the repository (examples, guides) that belong to the mesh too. */
  readonly files?: readonly string[];
  readonly steps: readonly Step[];
}

/** All scenarios, by file name. `MIZZEN_SCENARIOS` (a part of the name) picks some. */
export function readScenarios(replace: (text: string) => string = (text) => text): Scenario[] {
  const folder = join(checkout, 'e2e/scenarios');
  const wanted = process.env['MIZZEN_SCENARIOS'] ?? '';
  return readdirSync(folder)
    .filter((file) => file.endsWith('.yaml') && file.includes(wanted))
    .toSorted()
    .map((file) => {
      const scenario = parse(replace(readFileSync(join(folder, file), 'utf8'))) as Omit<Scenario, 'name'>;
      if (typeof scenario.why !== 'string' || !Array.isArray(scenario.steps)) throw new Error(`${file}: needs why and steps`);
      return { ...scenario, name: file.replace(/\.yaml$/, '') };
    });
}
