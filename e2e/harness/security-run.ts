/** Plays a table of `e2e/security`: applies each part's resources, sends its requests one by one, and says which lines do not hold. */
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { differsFrom, endOf, lineAbout } from './access-log.js';
import type { Reply } from './agent.js';
import type { ScenarioMesh } from './scenario-mesh.js';
import type { Row, SecurityTable } from './security-table.js';
import { sleep } from './wait.js';

/** Proxies warm up after they accept, and a kept connection meets the listener of the part before once more: so long lines may be tried again. */
const settleMs = 5000;
const firstMeetingMs = 3000;
/** In the mesh's folder. */
export const accessLog = 'access.log';
let steps = 0;

/** Signs tokens with keys of this run. */
export interface Tokens {
  /** The key set, for `JWKS` in tables. */
  readonly jwks: string;
  sign(claims: Readonly<Record<string, unknown>>): Promise<string>;
}

export async function makeTokens(): Promise<Tokens> {
  const [own, other] = await Promise.all([generateKeyPair('ES256', { extractable: true }), generateKeyPair('ES256', { extractable: true })]);
  const jwk = { ...(await exportJWK(own.publicKey)), kid: 'e2e', alg: 'ES256', use: 'sig' };
  return {
    jwks: JSON.stringify({ keys: [jwk] }),
    sign: ({ key, ...claims }) =>
      new SignJWT({ exp: 4_102_444_800, ...claims })
        .setProtectedHeader({ alg: 'ES256', kid: 'e2e' })
        .sign((key === 'other' ? other : own).privateKey),
  };
}

/** How many lines held, and what is wrong with the others. */
export interface Played {
  readonly held: number;
  readonly wrong: readonly string[];
}

export async function playTable(table: SecurityTable, mesh: ScenarioMesh, tokens: Tokens): Promise<Played> {
  const signed = new Map<string, string>();
  for (const [name, claims] of Object.entries(table.tokens)) signed.set(name, await tokens.sign(claims));
  const wrong: string[] = [];
  let held = 0;
  for (const part of table.parts) {
    // In JSON, where a key set inside a string needs its quotes escaped.
    const keys = JSON.stringify(tokens.jwks).slice(1, -1);
    await mesh.apply(JSON.parse(JSON.stringify(part.mesh).replaceAll('JWKS', keys)) as typeof part.mesh);
    await sleep(300);
    const settled = Date.now() + settleMs;
    const met = new Set<string>();
    for (const row of part.rows) {
      const ends = `${row.from} ${String(row.plan['url'])}`;
      const deadline = Math.max(settled, met.has(ends) ? 0 : Date.now() + firstMeetingMs);
      met.add(ends);
      let difference = await differenceOf(row, mesh, signed);
      while (difference !== undefined && Date.now() < deadline) {
        await sleep(100);
        difference = await differenceOf(row, mesh, signed);
      }
      if (difference === undefined) held++;
      else wrong.push(`${part.given}: ${row.text}\n      ${difference}`);
    }
  }
  return { held, wrong };
}

async function differenceOf(row: Row, mesh: ScenarioMesh, signed: ReadonlyMap<string, string>): Promise<string | undefined> {
  const log = join(mesh.pods.folder, accessLog);
  const local = mesh.pod(row.at).ip;
  const step = `r${++steps}`;
  const bearer = row.token === undefined ? {} : { authorization: `Bearer ${signed.get(row.token) ?? row.token}` };
  const start = endOf(log);
  const tlsBefore = row.reason.startsWith('tls ') ? await mesh.stat(row.at, sslStat(row)) : 0;
  const [reply] = await mesh.agent(row.from).call<Reply[]>('send', { ...row.plan, headers: { ...bearer, ...row.headers, 'x-step': step } });
  if (reply?.status !== row.status) return `status ${reply?.status} ${reply?.error ?? ''} ${reply?.body?.slice(0, 200) ?? ''}`;
  const unsaid = Object.entries(row.says).find(([what, value]) => saidBy(reply, what) !== value);
  if (unsaid !== undefined) return `${unsaid[0]} is ${saidBy(reply, unsaid[0])}`;
  if (row.reason.startsWith('tls ')) {
    const grown = (await mesh.stat(row.at, sslStat(row))) - tlsBefore;
    return grown > 0 ? undefined : `${sslStat(row)} did not grow`;
  }
  const isHttp = row.plan['how'] === 'http' && row.reason !== 'refused';
  try {
    const line = await lineAbout(log, start, isHttp ? { local, step } : { local, remote: mesh.pod(row.from).ip });
    return differsFrom(row.reason, line, identityOf(row.from));
  } catch (error) {
    return (error as Error).message;
  }
}

/** Blanks are written `_` in tables. */
function saidBy({ said, headers, body }: Reply, what: string): string {
  const [end, header = ''] = what.split(':');
  const value = end === 'body' ? body : (end === 'up' ? said?.headers : headers)?.[header];
  return value === undefined ? '-' : value.replaceAll(' ', '_');
}

/** A handshake that fails leaves no line in an access log, but counts. */
const sslStat = (row: Row): string => `listener.0.0.0.0_15006.ssl.${row.reason.slice(4)}`;

const namespaces: Readonly<Record<string, string>> = { client: 'app', other: 'other', gateway: 'istio-system' };
const identityOf = (pod: string): string => `spiffe://cluster.local/ns/${namespaces[pod]}/sa/${pod}`;
