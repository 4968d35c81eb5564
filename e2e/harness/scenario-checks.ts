/** Holds the answers of a step against what its scenario expects; says what is wrong in words. */
import type { Reply } from './agent.js';
import type { Expectation, Range } from './scenario.js';

/** Everything that a step came to. */
export interface Outcome {
  readonly replies: readonly Reply[];
  /** Requests that came in, by server. */
  readonly arrived: Readonly<Record<string, number>>;
  /** Value of a header that request n carried. */
  readonly value: (header: string, n: number) => string;
  /** Answers of an earlier step. */
  readonly earlier: (name: string) => readonly Reply[];
}

/** Differences between outcome and expectation; none when all is well. */
export function differences(expected: Expectation, outcome: Outcome): string[] {
  const { replies } = outcome;
  const each = replies.flatMap((reply, n) => ofReply(expected, reply).map((text) => (replies.length > 1 ? `answer ${n + 1}: ${text}` : text)));
  const wrong = each.length > 4 ? [...each.slice(0, 4), `… ${each.length} such differences`] : each;
  for (const [what, counts] of Object.entries(expected.counts ?? {})) {
    const found = countBy(replies, (reply) =>
      String(what === 'version' ? (versionOf(reply) ?? `status ${reply.status}`) : (reply[what as 'status'] ?? '')),
    );
    for (const key of new Set([...Object.keys(counts), ...Object.keys(found)]))
      if (!within(found[key] ?? 0, counts[key] ?? 0))
        wrong.push(`${what} ${key}: ${found[key] ?? 0} times, not ${show(counts[key] ?? 0)} (${JSON.stringify(found)})`);
  }
  if (expected.slower) {
    const { than, count } = expected.slower;
    const slow = replies.filter(({ ms }) => ms >= than).length;
    if (!within(slow, count)) wrong.push(`${slow} answers took ${than} ms or more, not ${show(count)}`);
  }
  for (const [server, range] of Object.entries(expected.arrived ?? {})) {
    const found = server === 'all' ? Object.values(outcome.arrived).reduce((a, b) => a + b, 0) : (outcome.arrived[server] ?? 0);
    if (!within(found, range)) wrong.push(`${found} requests came in at ${server}, not ${show(range)} (${JSON.stringify(outcome.arrived)})`);
  }
  return [...wrong, ...placements(expected, outcome)];
}

function ofReply(expected: Expectation, reply: Reply): string[] {
  const wrong: string[] = [];
  const want = (isRight: boolean, text: () => string): void => {
    if (!isRight) wrong.push(text());
  };
  const one = (allowed: string | number | readonly (string | number)[] | undefined, found: string | number | undefined, what: string): void => {
    if (allowed === undefined) return;
    const list: readonly (string | number | undefined)[] = typeof allowed === 'object' ? allowed : [allowed];
    want(list.includes(found), () => `${what} ${String(found)}, not ${list.join(' or ')} (${brief(reply)})`);
  };
  if (expected.status !== undefined) want(within(reply.status, expected.status), () => `status ${brief(reply)}, not ${show(expected.status)}`);
  if (expected.ms !== undefined) want(within(reply.ms, expected.ms), () => `took ${reply.ms} ms, not ${show(expected.ms)} (${brief(reply)})`);
  one(expected.version, versionOf(reply), 'answered by');
  one(expected.error, reply.error, 'error');
  one(expected.grpc, reply.grpc, 'gRPC code');
  one(expected.certificate, reply.certificate, 'certificate');
  if (expected.body !== undefined) want(reply.body?.includes(expected.body) === true, () => `body ${JSON.stringify(reply.body ?? reply.said)}`);
  const fields = (wanted: Expectation['headers'], found: Readonly<Record<string, unknown>> = {}, what = ''): void => {
    for (const [name, value] of Object.entries(wanted ?? {})) {
      const there = found[name];
      const isRight = value === null ? there === undefined : String(there) === String(value);
      want(isRight, () => `${what} ${name}: ${JSON.stringify(there)}, not ${value === null ? 'absent' : JSON.stringify(value)}`);
    }
  };
  fields(expected.headers, reply.headers, 'header');
  fields(expected.seen, reply.said, 'the server saw');
  fields(expected.seenHeaders, reply.said?.headers, 'the server saw header');
  return wrong;
}

/** Which value went where: stickiness, and what moved since an earlier step. */
function placements(expected: Expectation, { replies, value, earlier }: Outcome): string[] {
  const wrong: string[] = [];
  const places = (answers: readonly Reply[], header: string): Map<string, Set<string>> => {
    const found = new Map<string, Set<string>>();
    for (const [n, reply] of answers.entries()) {
      const key = value(header, n);
      found.set(key, (found.get(key) ?? new Set<string>()).add(versionOf(reply) ?? `status ${reply.status}`));
    }
    return found;
  };
  if (expected.sticky !== undefined)
    for (const [key, servers] of places(replies, expected.sticky))
      if (servers.size > 1) wrong.push(`${expected.sticky} ${key} met ${[...servers].join(' and ')}`);
  if (expected.moved) {
    const { since, header, count, only } = expected.moved;
    const before = places(earlier(since), header);
    const moved = [...places(replies, header)].filter(([key, servers]) => String([...servers]) !== String([...(before.get(key) ?? [])]));
    if (!within(moved.length, count)) wrong.push(`${moved.length} values moved, not ${show(count)}`);
    for (const [key, servers] of moved) if (only !== undefined && !servers.has(only)) wrong.push(`${header} ${key} moved to ${[...servers].join()}`);
  }
  return wrong;
}

/** True within the range, ends included. */
export function within(found: number, range: Range): boolean {
  return typeof range === 'number' ? found === range : found >= range[0] && found <= range[1];
}

/** A range in words. */
export const show = (range: Range | undefined): string => (typeof range === 'object' ? `${range[0]} to ${range[1]}` : String(range));

const versionOf = (reply: Reply): string | undefined => reply.said?.version;

function brief(reply: Reply): string {
  return `${reply.status} ${reply.error ?? reply.body?.slice(0, 200) ?? ''}`.trim();
}

function countBy(replies: readonly Reply[], key: (reply: Reply) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const reply of replies) counts[key(reply)] = (counts[key(reply)] ?? 0) + 1;
  delete counts[''];
  return counts;
}
