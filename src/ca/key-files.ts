/**
 * Private keys on disk. A key is written before it can be seen, by one process only, and is not used when others could have read it.
 */
import { constants } from 'node:fs';
import { type FileHandle, mkdir, mkdtemp, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CertificateAuthorityError } from './errors.js';

/** A file of a folder that is made as a whole. */
export interface NewFile {
  readonly name: string;
  readonly content: string;
  /** Whether only the owner may read it (mode 0600, else 0644). */
  readonly isPrivate: boolean;
}

/** The text of a public file, or undefined if there is none. */
export async function readPublicFile(path: string): Promise<string | undefined> {
  const file = await openIfThere(path);
  if (file === undefined) return undefined;
  try {
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

/** The text of a private file, or undefined if there is none; refuses a file that its group or the world may read or write. */
export async function readPrivateFile(path: string): Promise<string | undefined> {
  const file = await openIfThere(path);
  if (file === undefined) return undefined;
  try {
    // Asked of the open file, not of the path: what is checked is what is read.
    const { mode } = await file.stat();
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      const shown = (mode & 0o777).toString(8).padStart(4, '0');
      throw new CertificateAuthorityError('exposed_key', `${path} is open to other users (mode ${shown}): not used; run: chmod 600 ${path}`);
    }
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

/**
 * Makes a folder (mode 0700) with all its files at once, and returns whether this call made it: false if the folder has content already.
 * The files are written to a sibling folder which is then renamed; rename never replaces a folder that isn't empty, so that of several
 * processes that start together exactly one wins and the others find its complete work.
 */
export async function createFolderOnce(folder: string, files: readonly NewFile[]): Promise<boolean> {
  const parent = dirname(folder);
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const draft = await mkdtemp(join(parent, `.${basename(folder)}-`));
  try {
    for (const file of files) await writeDurably(join(draft, file.name), file.content, file.isPrivate ? 0o600 : 0o644);
    await rename(draft, folder);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (hasCode(error, 'ENOTEMPTY') || hasCode(error, 'EEXIST')) return false;
    throw error;
  }
  await syncFolder(parent);
  return true;
}

async function writeDurably(path: string, content: string, mode: number): Promise<void> {
  const file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, mode);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes the rename survive a power cut, where the platform lets a folder be synced. */
async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, constants.O_RDONLY);
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch {
    // Some file systems refuse it; the files themselves are safe.
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Whether the error is the system error of that code. */
export function hasCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
