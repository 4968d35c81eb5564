/** What `mizzen bootstrap` gives an Envoy to join with: the mesh's roots, and a token in the bootstrap or in a file that can be renewed. */
import { existsSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { messageOf } from '../ca/errors.js';
import { issueJoinToken } from '../ca/issued-tokens.js';
import { openAuthority, readTrustNote, type TrustNote } from '../server/trust.js';
import { CliError } from './cli-error.js';
import { replaceFile } from './replace-file.js';
import type { FileTrust, XdsTrust } from './xds-trust.js';

interface JoinOptions {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly dataDir: string;
  readonly trustDomain?: string;
  /** Milliseconds. */
  readonly tokenTtl: number;
  readonly tokenFile?: string;
  /** Where the bootstrap goes; must be set with `tokenFile`. */
  readonly output?: string;
}

/** A new token for the workload, or the file that it is in. @throws CliError */
export async function joinCredentials(options: JoinOptions): Promise<XdsTrust> {
  const { dataDir, namespace, serviceAccount, tokenTtl, trustDomain, tokenFile, output = '' } = options;
  try {
    const note = readTrustNote(dataDir) ?? (await newTrust(dataDir, trustDomain));
    const newToken = async (): Promise<string> => {
      const workload = { trustDomain: trustDomain ?? note.trustDomain, namespace, serviceAccount };
      return (await issueJoinToken(dataDir, { ...workload, ttlMs: tokenTtl })).token;
    };
    if (tokenFile === undefined) return { rootPem: note.rootPem, token: await newToken() };
    const made = filesBeside(resolve(output), resolve(tokenFile));
    replaceFile(made.rootFile, note.rootPem);
    // What is there may come from somebody else, such as a token of another issuer that is renewed by its own means.
    if (!existsSync(tokenFile)) replaceFile(tokenFile, await newToken());
    return made;
  } catch (error) {
    throw new CliError(messageOf(error));
  }
}

/** `envoy.json` → `envoy.xds-token.json` and its like. */
function filesBeside(output: string, tokenFile: string): FileTrust {
  const beside = (name: string): string => join(dirname(output), `${basename(output, extname(output))}.${name}`);
  return { tokenFile, rootFile: beside('xds-roots.pem'), tokenSecret: beside('xds-token.json'), rootSecret: beside('xds-roots.json') };
}

/** Before the first `serve`: the root that it will find. */
async function newTrust(dataDir: string, trustDomain = 'cluster.local'): Promise<TrustNote> {
  const { rootPem } = await openAuthority({ dataDir, trustDomain });
  return { trustDomain, rootPem };
}
