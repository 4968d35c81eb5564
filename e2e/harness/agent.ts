/** The test's end of `pod-agent.mjs`: a program in each pod that serves, and sends what it is told to. */
import { join } from 'node:path';
import { checkout, node, start } from './processes.js';

/** What a server said about itself and the request. */
export interface Said {
  readonly version?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly [what: string]: unknown;
}

/** One answer as the agent reports it; `said` when a server of ours answered, `body` when Envoy did. */
export interface Reply {
  readonly status: number;
  readonly error?: string;
  readonly ms: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly said?: Said;
  readonly body?: string;
  /** Code of a gRPC answer. */
  readonly grpc?: number;
  /** Common name of the server's certificate. */
  readonly certificate?: string;
}

/** A program in a pod. */
export interface Agent {
  /** Runs an operation of `pod-agent.mjs`; rejects with what it threw. */
  call<T>(op: string, args?: object): Promise<T>;
}

/** Starts the agent with `within` as prefix and waits until its servers listen. */
export async function startAgent(
  name: string,
  within: readonly string[],
  options: { version?: string; servers?: boolean; certificate?: { key: string; crt: string; ca: string }; dns?: string },
): Promise<Agent> {
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  let calls = 0;
  const program = start({
    name: `agent of ${name}`,
    command: node,
    args: [join(checkout, 'e2e/harness/pod-agent.mjs'), JSON.stringify(options)],
    within,
    input: true,
    onLine(line) {
      const { id, result, error } = JSON.parse(line) as { id?: number; result?: never; error?: string };
      const call = id === undefined ? undefined : waiting.get(id);
      if (id === undefined || !call) return;
      waiting.delete(id);
      if (error === undefined) call.resolve(result as never);
      else call.reject(new Error(`agent of ${name}: ${error}`));
    },
  });
  await program.waitFor(/"ready"/);
  return {
    call: (op, args = {}) =>
      new Promise((resolve, reject) => {
        if (!program.alive()) return reject(new Error(`${program.name} ended: ${program.output().slice(-1000)}`));
        const id = ++calls;
        waiting.set(id, { resolve, reject });
        program.write(`${JSON.stringify({ id, op, ...args })}\n`);
      }),
  };
}
