/**
 * Keeps an authority's signer as its files say, while it runs: a plugged-in CA that was replaced (CA-010), a root that is being rotated (CA-009).
 * The files are read every few seconds: notices of file systems miss what a mounted secret does, and steps of a rotation are made by time.
 */
import type { CertificateAuthority } from './authority.js';
import { type Clock, systemClock } from './clock.js';
import { messageOf } from './errors.js';
import { certificatesPem, crlsPem } from './pem.js';
import type { SigningMaterial } from './signing-material.js';

/** Settings of the reload. */
export interface SignerReloadOptions {
  readonly authority: CertificateAuthority;
  /** Reads and checks the files. */
  readonly load: () => Promise<SigningMaterial>;
  /** @default 5 seconds */
  readonly everyMs?: number;
  readonly clock?: Clock;
  readonly onReplaced?: (signer: SigningMaterial) => void;
  /** Told once of each thing that is wrong with the files; the last good signer stays. */
  readonly onError?: (error: unknown) => void;
}

/** Reads again and again until it is closed. */
export class SignerReload {
  readonly #options: SignerReloadOptions;
  #cancel: () => void;
  #told = '';
  #isClosed = false;

  constructor(options: SignerReloadOptions) {
    this.#options = options;
    this.#cancel = this.#later();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
  }

  /** Reads once. */
  async reload(): Promise<void> {
    const { authority, load, onReplaced, onError } = this.#options;
    try {
      const signer = await load();
      this.#told = '';
      if (this.#isClosed || fingerprint(signer) === fingerprint(authority.signer)) return;
      authority.replaceSigner(signer);
      onReplaced?.(signer);
    } catch (error) {
      // Files are not written at once, and what stays wrong is wrong at every look.
      const message = messageOf(error);
      if (this.#isClosed || message === this.#told) return;
      this.#told = message;
      onError?.(error);
    }
  }

  #later(): () => void {
    const { clock = systemClock, everyMs = 5_000 } = this.#options;
    return clock.after(everyMs, () => {
      void this.reload().finally(() => {
        if (!this.#isClosed) this.#cancel = this.#later();
      });
    });
  }
}

/** A key that was replaced under an equal certificate is the same key: they were checked to belong together. */
function fingerprint({ certificate, intermediates, roots, crls = [] }: SigningMaterial): string {
  return [...[[certificate], intermediates, roots].map(certificatesPem), crlsPem(crls)].join('|');
}
