/**
 * The control plane's own certificate authority as `serve` runs it, and the note that it leaves in the data folder for `bootstrap`:
 * the trust domain and the roots (both public).
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CertificateAuthority } from '../ca/authority.js';
import { loadPluggedInCa } from '../ca/cacerts.js';
import type { KeyType } from '../ca/key-pairs.js';
import { loadSelfSigned } from '../ca/rotation.js';
import type { SigningMaterial } from '../ca/signing-material.js';
import { type ClusterSignerOptions, loadClusterSigner } from './cluster-signer.js';

/** Where the signer is. */
export interface TrustOptions {
  readonly dataDir: string;
  readonly cacerts?: string | undefined;
  readonly trustDomain: string;
  /** Of a root that is made. */
  readonly caKeyType?: KeyType;
  /** Reads it from the Secrets of a cluster instead of files. */
  readonly cluster?: Omit<ClusterSignerOptions, 'trustDomain'> | undefined;
  /** Moves a rotation on; for the server alone. */
  readonly isKeeper?: boolean;
}

/** The authority that signs for the trust domain. */
export async function openAuthority(options: TrustOptions): Promise<CertificateAuthority> {
  return new CertificateAuthority(await loadSigner(options), { trustDomain: options.trustDomain });
}

/** What to sign with, as files or Secrets say now. */
export async function loadSigner({ dataDir, cacerts, cluster, trustDomain, caKeyType, isKeeper }: TrustOptions): Promise<SigningMaterial> {
  if (cacerts !== undefined) return loadPluggedInCa(cacerts);
  if (cluster !== undefined) return loadClusterSigner({ ...cluster, trustDomain, ...(isKeeper !== undefined && { isKeeper }) });
  return loadSelfSigned(dataDir, { trustDomain, ...(caKeyType && { keyType: caKeyType }), ...(isKeeper !== undefined && { isKeeper }) });
}

/** What proxies need to know to trust the control plane. */
export interface TrustNote {
  readonly trustDomain: string;
  readonly rootPem: string;
}

const noteFile = (dataDir: string): string => join(dataDir, 'trust.json');

/** Leaves the note, whole or not at all. */
export function writeTrustNote(dataDir: string, { trustDomain, rootPem }: TrustNote): void {
  mkdirSync(dataDir, { recursive: true });
  const fresh = `${noteFile(dataDir)}.${process.pid}`;
  writeFileSync(fresh, `${JSON.stringify({ trustDomain, rootPem }, undefined, 2)}\n`);
  renameSync(fresh, noteFile(dataDir));
}

/** The note, or undefined where no control plane has run yet. */
export function readTrustNote(dataDir: string): TrustNote | undefined {
  try {
    const note = JSON.parse(readFileSync(noteFile(dataDir), 'utf8')) as Partial<TrustNote>;
    return typeof note.trustDomain === 'string' && typeof note.rootPem === 'string'
      ? { trustDomain: note.trustDomain, rootPem: note.rootPem }
      : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
