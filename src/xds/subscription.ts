/**
 * What the server knows of one client's subscription to one type: its names, what it was sent, and what it made of that.
 * Pure state, no I/O and no clock; `sotw.ts` and `delta.ts` hold the rules of their variant on top of it.
 *
 * `sent` is what the client has if it accepts everything that is under way. A refused response makes the names in it dirty:
 * the client may have kept the old resource or (Envoy takes the good part of a response) the new one, so with the next change
 * of content they are sent whatever their version.
 */
import type { EncodedResource, ResourceSet } from './provider.js';
import type { Diff } from './resource-diff.js';
import { emptySet, indexOf } from './resource-set.js';

/** What a request turned out to be. */
export type Verdict = 'first' | 'ack' | 'nack' | 'stale' | 'change';

/** What follows from a request. */
export interface Reaction {
  readonly verdict: Verdict;
  /** The names or the wildcard are other than before: the watch has to be opened anew. */
  readonly namesChanged: boolean;
  /** The response that was accepted or refused. */
  readonly response?: Sent;
}

/** A response that is under way. */
export interface Sent {
  readonly nonce: string;
  readonly version: string;
  readonly at: number;
  readonly draft: Draft;
}

/** The last refusal that no accepted response has followed. */
export interface Nack {
  readonly nonce: string;
  readonly version: string;
  readonly message: string;
  readonly at: number;
}

/** A response before it has a nonce. */
export interface Draft {
  readonly version: string;
  /** What the client has when it accepts. */
  readonly becomes: ResourceSet;
  readonly bodies: readonly Uint8Array[];
  /** Number of resources in the bodies. */
  readonly resources: number;
  /** Names for removed_resources (delta). */
  readonly removed: readonly string[];
  /** What was added or updated. */
  readonly changes: Diff;
  /** What was sent although the client has it, or may have it. */
  readonly extra: readonly EncodedResource[];
  /** It holds all that the client is to have, changed or not. */
  readonly isWhole?: boolean;
}

/** How a response is to be made. */
export interface DraftOptions {
  /** Resources with these names are sent even when the client has them (load assignments behind their clusters). */
  readonly behind?: readonly EncodedResource[];
  /** Names that exist and are held back: they are not missing, and an answer that has nothing but them to give waits. */
  readonly held?: ReadonlySet<string>;
}

/** What most subscriptions have of these: one of each for all. */
const noNames: ReadonlySet<string> = new Set();
const noTimes: ReadonlyMap<string, number> = new Map();

/** One client's subscription to one type. */
export abstract class Subscription<Request> {
  wildcard = false;
  /** May be shared with others: replaced, never changed. */
  names: ReadonlySet<string> = noNames;
  /** A response is owed, even an empty one. */
  owed = false;
  /** The client had resources of this type before it connected. */
  reconnected = false;
  sent: ResourceSet = emptySet;
  inFlight: Sent[] = [];
  nack: Nack | undefined;
  /** Resources that the client refused and has accepted in no version since, and when it did. Replaced, never changed. */
  refused: ReadonlyMap<string, number> = noTimes;
  versionSent = '';
  nonceSent = '';
  /** When the newest response was sent. */
  sentAt: number | undefined;
  versionAcked = '';
  nonceAcked = '';
  protected started = false;
  /** Names just asked for. May be shared like {@link names}: changed by the methods below only. */
  protected asked: ReadonlySet<string> = noNames;
  #ownAsked: Set<string> | undefined;
  /** Names of which it is not known what the client has. */
  protected dirty = new Set<string>();

  constructor(readonly typeUrl: string) {}

  /** Takes in a request. */
  abstract request(request: Request, now: number): Reaction;

  /** The response that brings the client to `target`; undefined when there is nothing to say (then it counts as there). */
  abstract draft(target: ResourceSet, options?: DraftOptions): Draft | undefined;

  /** Whether the client wants this name. */
  wants(name: string): boolean {
    return this.wildcard || this.names.has(name);
  }

  /** The draft was sent under this nonce. */
  commit(draft: Draft, nonce: string, now: number): void {
    this.sent = draft.becomes;
    this.versionSent = draft.version;
    this.nonceSent = nonce;
    this.sentAt = now;
    this.inFlight.push({ nonce, version: draft.version, at: now, draft });
    this.owed = false;
  }

  /** Takes in the answer to the response at `index`: those before it count as answered with it. */
  protected settle(index: number, error: string | undefined, now: number): Sent | undefined {
    const response = this.inFlight[index];
    if (response === undefined) return undefined;
    this.inFlight.splice(0, index + 1);
    if (error === undefined) {
      this.nack = undefined;
      this.versionAcked = response.version;
      this.nonceAcked = response.nonce;
      if (this.refused.size > 0) this.#accept(response.draft);
      return response;
    }
    const { nonce, version, draft } = response;
    this.nack = { nonce, version, message: error, at: now };
    for (const name of namesIn(draft)) if (this.wants(name)) this.dirty.add(name);
    // Since the first refusal: one that is refused again and again must not seem new each time.
    const content = [...draft.changes.changed, ...draft.extra].map(({ name }) => [name, this.refused.get(name) ?? now] as const);
    if (content.length > 0) this.refused = new Map([...this.refused, ...content]);
    return response;
  }

  #accept(draft: Draft): void {
    const gone = new Set(namesIn(draft));
    this.refused = new Map(draft.isWhole ? [] : [...this.refused].filter(([name]) => !gone.has(name)));
  }

  /** Nothing to say but to those who wait for what is held back. */
  protected holdsAnswer(held: ReadonlySet<string> | undefined): boolean {
    return held !== undefined && [...this.asked].some((name) => held.has(name));
  }

  /** All of a shared set is asked for, when nothing else is. */
  protected askAll(names: ReadonlySet<string>): void {
    if (this.asked.size === 0) this.asked = names;
    else for (const name of names) this.ask(name);
  }

  protected ask(name: string): void {
    if (!this.asked.has(name)) this.#changeAsked().add(name);
  }

  protected forget(name: string): void {
    if (this.asked.has(name)) this.#changeAsked().delete(name);
  }

  #changeAsked(): Set<string> {
    if (this.#ownAsked === undefined || this.#ownAsked !== this.asked) this.asked = this.#ownAsked = new Set(this.asked);
    return this.#ownAsked;
  }

  protected clearAsked(): void {
    this.asked = noNames;
    this.#ownAsked = undefined;
  }

  /** Resources to send beside the difference, and names to report as missing. */
  protected extras(target: ResourceSet, changes: Diff, options: DraftOptions): { extra: EncodedResource[]; missing: string[] } {
    const extra = new Map<string, EncodedResource>();
    const missing: string[] = [];
    const has = indexOf(target);
    const had = indexOf(this.sent);
    const add = (name: string, tellMissing: boolean) => {
      const resource = has.get(name);
      if (resource === undefined) {
        if (tellMissing && !had.has(name) && !options.held?.has(name)) missing.push(name);
      } else if (had.get(name)?.version === resource.version) extra.set(name, resource);
    };
    // A client's first question, wholly answered: then the difference is the answer, and no name is missing.
    const isPlain = had.size === 0 && !this.wildcard && this.asked === this.names && has.size === this.names.size;
    if (!isPlain) for (const name of this.asked) add(name, true);
    if (options.behind !== undefined && has.size > 0) for (const { name } of options.behind) add(name, false);
    // Only new content is a reason to try what was refused once more; a mere question for other names is not.
    if (this.dirty.size > 0 && this.#hasNews(changes)) {
      for (const name of this.dirty) if (!this.asked.has(name)) add(name, true);
      this.dirty.clear();
    }
    this.#clearAnswered(options.held);
    return { extra: [...extra.values()], missing };
  }

  /** Whoever asked for what is held back has no answer yet. */
  #clearAnswered(held: ReadonlySet<string> | undefined): void {
    const waiting = held === undefined || held.size === 0 ? [] : [...this.asked].filter((name) => held.has(name));
    this.clearAsked();
    for (const name of waiting) this.ask(name);
  }

  #hasNews(changes: Diff): boolean {
    return changes.changed.some((r) => !this.asked.has(r.name)) || changes.removed.some((r) => this.wants(r.name));
  }
}

/** Names that a response spoke of. */
export function* namesIn(draft: Draft): Iterable<string> {
  for (const resource of draft.changes.changed) yield resource.name;
  for (const resource of draft.extra) yield resource.name;
  yield* draft.removed;
}
