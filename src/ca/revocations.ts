/**
 * The list of revoked join tokens: a file in the data folder with one token id per line, `#` before comments.
 * Read again only when it changed, so that asking for every connection costs one stat.
 */
import { appendFile, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, TokenError } from './errors.js';
import { joinTokenFolder } from './join-token-key.js';
import { hasCode } from './key-files.js';

const idPattern = /^[A-Za-z0-9_-]{1,128}$/;

/** Which tokens were revoked. */
export class Revocations {
  readonly #path: string;
  #version = '';
  #ids: ReadonlySet<string> = new Set();

  constructor(dataFolder: string) {
    this.#path = join(joinTokenFolder(dataFolder), 'revoked');
  }

  /** Whether the token of this id was revoked. A list that is there but can't be read revokes everything: it throws. */
  async has(id: string): Promise<boolean> {
    try {
      await this.#refresh();
    } catch (error) {
      throw new TokenError('revocation_unknown', `can't read the list of revoked join tokens, so none is accepted: ${messageOf(error)}`, {
        cause: error,
      });
    }
    return this.#ids.has(id);
  }

  /** Revokes the token of this id, for every process that uses the data folder. */
  async revoke(id: string): Promise<void> {
    if (!idPattern.test(id)) throw new TokenError('malformed', `not the id of a join token: ${JSON.stringify(id)}`);
    // The newline comes first too: a line that somebody left unfinished must not swallow this one.
    await appendFile(this.#path, `\n${id}\n`, { mode: 0o600 });
  }

  async #refresh(): Promise<void> {
    const version = await versionOf(this.#path);
    if (version === this.#version) return;
    this.#ids = version === '' ? new Set() : parse(await readFile(this.#path, 'utf8'));
    this.#version = version;
  }
}

/** Changes whenever the file does: time alone can be too coarse, and a replaced file may be older. Empty if there is no file. */
async function versionOf(path: string): Promise<string> {
  try {
    const { mtimeNs, ctimeNs, size, ino } = await stat(path, { bigint: true });
    return `${mtimeNs}/${ctimeNs}/${size}/${ino}`;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return '';
    throw error;
  }
}

function parse(text: string): ReadonlySet<string> {
  const lines = text.split('\n').map((line) => line.split('#', 1)[0]?.trim() ?? '');
  return new Set(lines.filter((line) => line !== ''));
}
