/** Key sets by URL bound to the mesh: RequestAuthentications say which are wanted, fetched ones become rows. */

import { readFileSync } from 'node:fs';
import { getCACertificates } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import { MILLISECOND, parseDuration } from '../api/duration.js';
import { type KeysRule, keysSource } from '../api/jwks.js';
import { certificatePem } from '../ca/pem.js';
import { parseCertificates } from '../ca/signing-material.js';
import type { Watch } from '../graph/graph.js';
import type { Mesh } from '../model/mesh.js';
import { addressGuard } from '../sources/jwks/address-guard.js';
import { KeysFetcher, type WantedKeys } from '../sources/jwks/keys-fetcher.js';
import type { Logger } from '../telemetry/log.js';

const DEFAULT_TIMEOUT_MS = 5_000;
const LONGEST_TIMEOUT_MS = 30_000;
/** How long the start may wait for first answers: proxies that come back should not be sent keys that refuse every token. */
const START_MS = 5_000;

export interface KeysLoaderParts {
  readonly mesh: Mesh;
  readonly log: Logger;
  /** Addresses that may be fetched from though they are local: CIDR blocks. */
  readonly allowed: readonly string[];
  /** PEM file of CAs that servers of keys may have their certificates from, beside those that Node trusts; read once (RA-016). */
  readonly caFile?: string | undefined;
  /** What is counted (MT-008). */
  readonly metrics?: Readonly<Record<'keysFetched' | 'keysFailed', { inc(): void }>>;
}

export class KeysLoader {
  readonly #fetcher: KeysFetcher;
  #watch: Watch<readonly WantedKeys[]> | undefined;

  constructor(private readonly parts: KeysLoaderParts) {
    const { mesh, log, allowed, caFile, metrics } = parts;
    const { graph, rows } = mesh;
    this.#fetcher = new KeysFetcher({
      permits: addressGuard(allowed),
      ...(caFile !== undefined && { authorities: [...getCACertificates('default'), ...certificatesIn(caFile)] }),
      onKeys: (keys) => {
        graph.transaction(() => rows.jwks.set(keys));
        log.info({ source: keys.source }, 'keys for tokens fetched');
      },
      onGone: (source) => graph.transaction(() => rows.jwks.delete(source)),
      onFetched: () => metrics?.keysFetched.inc(),
      onError(source, error) {
        metrics?.keysFailed.inc();
        log.warn({ source, err: error }, 'keys for tokens could not be fetched; trying again');
      },
    });
  }

  /** Resolves when every source was tried, or after a few seconds. */
  async start(): Promise<void> {
    const { graph, rows, remoteKeys } = this.parts.mesh;
    const wanted = graph.query(
      'wantedKeys',
      (): readonly WantedKeys[] =>
        wantedKeys(
          [...rows.of('RequestAuthentication').list().values()].flatMap(({ spec }) => (spec.jwtRules ?? []) as Rule[]),
          (uri) => remoteKeys.clusterOf(uri) !== undefined,
        ),
      { equals: isDeepStrictEqual },
    );
    const watch = graph.watch(wanted, '', () => queueMicrotask(() => this.#watch && void this.#fetcher.want(watch.read())));
    this.#watch = watch;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, START_MS).unref()));
    await Promise.race([this.#fetcher.want(watch.read()), late]);
    clearTimeout(timer);
  }

  close(): void {
    this.#watch?.close();
    this.#watch = undefined;
    this.#fetcher.close();
  }
}

type Rule = KeysRule & { readonly timeout?: string };

/** Each source once, with the most patient rule's timeout; without those that proxies fetch by themselves. */
function wantedKeys(rules: readonly Rule[], isRemote: (jwksUri: string) => boolean): readonly WantedKeys[] {
  const wanted = new Map<string, WantedKeys>();
  for (const rule of rules) {
    const source = keysSource(rule);
    if (source === undefined || (!source.isDiscovery && isRemote(source.uri))) continue;
    const asked = rule.timeout === undefined ? undefined : parseDuration(rule.timeout);
    const timeoutMs = Math.min(asked === undefined ? DEFAULT_TIMEOUT_MS : Math.max(1, Math.round(asked / MILLISECOND)), LONGEST_TIMEOUT_MS);
    wanted.set(source.key, { ...source, timeoutMs: Math.max(timeoutMs, wanted.get(source.key)?.timeoutMs ?? 0) });
  }
  return [...wanted.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}

function certificatesIn(file: string): string[] {
  return parseCertificates({ name: file, text: readFileSync(file, 'utf8') }).map(certificatePem);
}
