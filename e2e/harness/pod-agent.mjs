/**
 * One program per pod of the scenarios: the workload's servers and its client. Commands come as lines of JSON on standard input
 * (`{id, op, …}`), answers go to standard output (`{id, result}` or `{id, error}`). Plain Node, no packages; run as the application's user.
 *
 *   node pod-agent.mjs '{"version": "v1", "servers": true}'
 */
import { createInterface } from 'node:readline';
import { sendAll } from './pod-client.mjs';
import { startDns } from './pod-dns.mjs';
import { startServers } from './pod-servers.mjs';

const options = JSON.parse(process.argv[2] ?? '{}');
const servers = options.servers ? await startServers(options) : undefined;
const dns = options.dns ? await startDns(options.dns) : undefined;

const operations = {
  /** Sends requests and reports each answer. */
  send: (plan) => sendAll(plan),
  /** How many requests of a step came in here, retries and copies included. */
  arrived: ({ step }) => servers?.arrived(step) ?? { requests: 0, connections: 0 },
  /** Makes the servers fail or slow until told otherwise. */
  behave: (how) => servers?.behave(how),
  /** Replaces the names that the DNS server knows. */
  names: ({ records }) => dns?.set(records),
};

for await (const line of readyThen(createInterface({ input: process.stdin }))) {
  const { id, op, ...rest } = JSON.parse(line);
  Promise.resolve()
    .then(() => operations[op](rest))
    .then(
      (result = null) => print({ id, result }),
      (error) => print({ id, error: error.stack }),
    );
}
process.exit(0);

function readyThen(lines) {
  print({ ready: true });
  return lines;
}

function print(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
