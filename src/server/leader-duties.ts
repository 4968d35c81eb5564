/** What one of the replicas does for all: it holds the lease `mizzen-leader` (by revision), and works while it does. */
import { hostname } from 'node:os';
import type { ApiClient } from '../kubernetes/api-client.js';
import { LeaderElection } from '../kubernetes/leader-election.js';
import type { Logger } from '../telemetry/log.js';

/** Works until the signal aborts. */
export type Duty = (signal: AbortSignal) => Promise<void>;

export interface LeaderDutiesParts {
  readonly client: ApiClient;
  readonly namespace: string;
  readonly revision: string;
  readonly duties: Readonly<Record<string, Duty>>;
  readonly log: Logger;
}

/** Starts to take part in the election. Returns how to leave it. */
export function startLeaderDuties({ client, namespace, revision, duties, log }: LeaderDutiesParts): () => Promise<void> {
  const stop = new AbortController();
  const election = new LeaderElection({
    client,
    namespace,
    name: revision === 'default' ? 'mizzen-leader' : `mizzen-leader-${revision}`,
    identity: `${process.env['POD_NAME'] || hostname()}-${process.pid}`,
    onLead: (signal) => {
      log.info('this replica leads now');
      signal.addEventListener('abort', () => log.info('this replica leads no longer'), { once: true });
      for (const [duty, work] of Object.entries(duties))
        void work(signal).catch((error: unknown) => log.error({ duty, err: error }, 'a duty of the leader ended unexpectedly'));
    },
    onError: (error) => log.warn({ err: error }, 'the lease of the leader could not be looked at; trying again'),
  });
  const running = election.run(stop.signal);
  return async () => {
    stop.abort();
    await running;
  };
}
