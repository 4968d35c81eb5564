/** Watches what a pair of Envoys holds while something else happens: every certificate it is seen with, and how much life each had left. */
import { connect } from 'node:tls';
import { type Held, NAMES, type TlsPair } from './tls-pair.js';
import { sleep, until } from './wait.js';

/** What was seen of one Envoy. */
export interface Watched {
  /** Serial numbers of leaves, in the order of their appearance. */
  readonly serials: string[];
  /** `CERTIFICATES/ROOTS` of chain and trust, in the order of their appearance. */
  readonly steps: string[];
  /** The least life that a leaf in use had left. */
  leastLeftMs: number;
}

/** A watch under way. */
export interface Watch {
  readonly seen: Readonly<Record<(typeof NAMES)[number], Watched>>;
  stop(): Promise<void>;
}

/** Looks every 100 ms. */
export function watch(pair: TlsPair): Watch {
  const fresh = (): Watched => ({ serials: [], steps: [], leastLeftMs: Number.POSITIVE_INFINITY });
  const seen = { client: fresh(), server: fresh() };
  let going = true;
  const watching = (async () => {
    while (going) {
      for (const name of NAMES) note(seen[name], await pair.held(name));
      await sleep(100);
    }
  })();
  return {
    seen,
    async stop() {
      going = false;
      await watching;
    },
  };
}

function note(seen: Watched, { chain, roots }: Held): void {
  const leaf = chain[0];
  if (leaf === undefined) return;
  if (!seen.serials.includes(leaf.serialNumber)) seen.serials.push(leaf.serialNumber);
  const step = `${chain.length}/${roots.length}`;
  if (seen.steps.at(-1) !== step) seen.steps.push(step);
  seen.leastLeftMs = Math.min(seen.leastLeftMs, Date.parse(leaf.validTo) - Date.now());
}

/** Whom a certificate of ours gets an answer from the server's Envoy as, or why it gets none: one handshake with this key and chain. */
export function knock({ server }: TlsPair, own: { key: string; chain: string }): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect({ ...server, key: own.key, cert: own.chain, rejectUnauthorized: false, ALPNProtocols: ['istio'] }, () =>
      socket.write('GET / HTTP/1.1\r\nhost: kept\r\nconnection: close\r\n\r\n'),
    );
    socket.on('data', (data) => (text += String(data)));
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.on('close', () => resolve(/^HTTP\/1.1 200[^]*\r\n\r\n(?<body>[^]*)$/.exec(text)?.groups?.['body'] ?? `closed ${text.slice(0, 80)}`));
  });
}

/** Waits until both Envoys hold a leaf signed by `issuer` (common name) and trust exactly these roots. */
export async function bothHold(pair: TlsPair, issuer: string, roots: readonly string[]): Promise<void> {
  for (const name of NAMES)
    await until(`${name} to hold a certificate of ${issuer} and to trust ${roots.join(', ')}`, async () => {
      const held = await pair.held(name);
      const trusted = held.roots.map(({ subject }) => nameOf(subject)).toSorted();
      return nameOf(held.chain[0]?.issuer ?? '') === issuer && JSON.stringify(trusted) === JSON.stringify(roots.toSorted());
    });
}

/** The common name. */
export const nameOf = (subject: string): string => /CN=(?<name>.*)/.exec(subject)?.groups?.['name'] ?? '';
