/**
 * Which join tokens were handed out, for people who want to see or revoke them: a file in the data folder with one JSON object per line.
 * It never holds a token, only what the token says.
 */
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createJoinToken, type JoinToken, type JoinTokenRequest } from './join-token.js';
import { joinTokenFolder, loadOrCreateJoinTokenKey } from './join-token-key.js';
import { readPrivateFile } from './key-files.js';
import { formatSpiffeId } from './spiffe.js';

/** A token that was handed out. */
export interface IssuedToken {
  readonly id: string;
  /** SPIFFE ID of the workload that it lets join. */
  readonly identity: string;
  readonly issuedAt: string;
  readonly expiresAt: string;
}

const listFile = (dataFolder: string): string => join(joinTokenFolder(dataFolder), 'issued');

/** Makes a token with the data folder's key and writes down that it did. Safe to call from several processes at once. */
export async function issueJoinToken(dataFolder: string, request: JoinTokenRequest): Promise<JoinToken> {
  const key = await loadOrCreateJoinTokenKey(dataFolder);
  const made = await createJoinToken(key, request);
  const entry: IssuedToken = {
    id: made.id,
    identity: formatSpiffeId(request),
    issuedAt: new Date(request.clock?.now() ?? Date.now()).toISOString(),
    expiresAt: made.expiresAt.toISOString(),
  };
  // Written down before it is handed out: what isn't listed can't be found when it must be revoked.
  await appendFile(listFile(dataFolder), `${JSON.stringify(entry)}\n`, { mode: 0o600 });
  return made;
}

/** All tokens on the list, oldest first. A line that can't be read (a machine that lost power) is passed over. */
export async function issuedTokens(dataFolder: string): Promise<readonly IssuedToken[]> {
  const text = (await readPrivateFile(listFile(dataFolder))) ?? '';
  return text.split('\n').flatMap((line) => {
    const entry = parse(line);
    return entry === undefined ? [] : [entry];
  });
}

function parse(line: string): IssuedToken | undefined {
  try {
    const { id, identity, issuedAt, expiresAt } = JSON.parse(line) as Partial<IssuedToken>;
    const isWhole = [id, identity, issuedAt, expiresAt].every((text) => typeof text === 'string');
    return isWhole ? ({ id, identity, issuedAt, expiresAt } as IssuedToken) : undefined;
  } catch {
    return undefined;
  }
}
