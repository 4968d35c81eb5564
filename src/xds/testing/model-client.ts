/**
 * Clients that follow the xDS specification over a {@link FakeStream} and keep what they accepted, for tests that compare
 * their final state with the provider's. Accepting and refusing is up to the test.
 */
import { Node } from '@envoyproxy/xds-protos/envoy/config/core/v3/base.js';
import {
  DeltaDiscoveryRequest,
  DeltaDiscoveryResponse,
  DiscoveryRequest,
  DiscoveryResponse,
} from '@envoyproxy/xds-protos/envoy/service/discovery/v3/discovery.js';
import type { XdsServer } from '../server.js';
import { deltaVariant, sotwVariant } from '../variant.js';
import { textOf } from './fake-provider.js';
import { FakeStream } from './fake-stream.js';

const node = Node.fromPartial({ id: 'client' });

/** What to do with a response: take it, refuse all of it, refuse it but keep the first half (as Envoy may), or take it and answer later. */
export type Judge = (typeUrl: string) => 'accept' | 'refuse' | 'half' | 'later';

/** Name to content, of one type. */
export interface ClientType {
  /** Undefined is the wildcard. */
  names: Set<string> | undefined;
  readonly has: Map<string, { readonly version: string; readonly text: string }>;
  nonce: string;
}

/** What both variants have in common. */
export abstract class ModelClient {
  readonly types = new Map<string, ClientType>();
  stream = new FakeStream();
  protected read = 0;
  /** Responses, newest last, as `TYPE:name,name-removed`. */
  readonly log: string[] = [];
  /** Answers that the judge put off. */
  readonly late: (() => void)[] = [];

  constructor(protected readonly server: XdsServer) {}

  abstract connect(): void;
  /** Handles one response; false when there is none. */
  abstract step(judge: Judge): boolean;
  abstract subscribe(typeUrl: string, names: readonly string[]): void;
  abstract unsubscribe(typeUrl: string, names: readonly string[]): void;

  type(typeUrl: string): ClientType {
    const type = this.types.get(typeUrl);
    if (type === undefined) throw new Error(`not subscribed to ${typeUrl}`);
    return type;
  }

  protected next(): Uint8Array | undefined {
    return this.stream.sent[this.read++] ?? void (this.read -= 1);
  }

  protected note(typeUrl: string, names: readonly string[], removed: readonly string[] = []): void {
    this.log.push(`${typeUrl.split('.').at(-1)}:${[...names, ...removed.map((name) => `-${name}`)].join(',')}`);
  }
}

const refusal = { code: 3, message: 'refused', details: [] };

/** The incremental variant. */
export class DeltaClient extends ModelClient {
  connect(): void {
    this.stream = new FakeStream();
    this.read = 0;
    this.server.accept(this.stream, deltaVariant);
    for (const [typeUrl, type] of this.types) this.#first(typeUrl, type);
  }

  /** Opens a type: undefined for all of it. */
  open(typeUrl: string, names: readonly string[] | undefined): void {
    const type: ClientType = { names: names === undefined ? undefined : new Set(names), has: new Map(), nonce: '' };
    this.types.set(typeUrl, type);
    this.#first(typeUrl, type);
  }

  #first(typeUrl: string, type: ClientType): void {
    const initialResourceVersions = Object.fromEntries([...type.has].map(([name, { version }]) => [name, version]));
    this.send({ node, typeUrl, resourceNamesSubscribe: [...(type.names ?? [])], initialResourceVersions });
  }

  send(request: Partial<DeltaDiscoveryRequest>): void {
    this.stream.receive(DeltaDiscoveryRequest.encode(DeltaDiscoveryRequest.fromPartial(request)).finish());
  }

  subscribe(typeUrl: string, names: readonly string[]): void {
    for (const name of names) this.type(typeUrl).names?.add(name);
    this.send({ typeUrl, resourceNamesSubscribe: [...names] });
  }

  unsubscribe(typeUrl: string, names: readonly string[]): void {
    const type = this.type(typeUrl);
    for (const name of names) {
      type.names?.delete(name);
      type.has.delete(name);
    }
    this.send({ typeUrl, resourceNamesUnsubscribe: [...names] });
  }

  step(judge: Judge): boolean {
    const bytes = this.next();
    if (bytes === undefined) return false;
    const response = DeltaDiscoveryResponse.decode(bytes);
    const { typeUrl, nonce, removedResources } = response;
    this.note(
      typeUrl,
      response.resources.map((r) => r.name),
      removedResources,
    );
    const type = this.type(typeUrl);
    const verdict = judge(typeUrl);
    const isTaken = verdict === 'accept' || verdict === 'later';
    const count = isTaken ? response.resources.length : verdict === 'half' ? Math.ceil(response.resources.length / 2) : 0;
    for (const { name, version, resource } of response.resources.slice(0, count)) {
      if (type.names === undefined || type.names.has(name)) type.has.set(name, { version, text: textOf(resource?.value) });
    }
    if (verdict !== 'refuse') for (const name of removedResources) type.has.delete(name);
    const answer = () => this.send({ typeUrl, responseNonce: nonce, ...(isTaken ? {} : { errorDetail: refusal }) });
    if (verdict === 'later') this.late.push(answer);
    else answer();
    return true;
  }
}

/** State of the world. */
export class SotwClient extends ModelClient {
  /** Types that a response describes completely. */
  whole: ReadonlySet<string> = new Set();

  connect(): void {
    this.stream = new FakeStream();
    this.read = 0;
    this.server.accept(this.stream, sotwVariant);
    for (const [typeUrl, type] of this.types) {
      type.nonce = '';
      this.#ask(typeUrl);
    }
  }

  open(typeUrl: string, names: readonly string[] | undefined): void {
    this.types.set(typeUrl, { names: names === undefined ? undefined : new Set(names), has: new Map(), nonce: '' });
    if (names === undefined) this.whole = new Set([...this.whole, typeUrl]);
    this.#ask(typeUrl);
  }

  #ask(typeUrl: string, refused = false): void {
    const type = this.type(typeUrl);
    this.send({ node, typeUrl, resourceNames: [...(type.names ?? [])], responseNonce: type.nonce, ...(refused ? { errorDetail: refusal } : {}) });
  }

  send(request: Partial<DiscoveryRequest>): void {
    this.stream.receive(DiscoveryRequest.encode(DiscoveryRequest.fromPartial(request)).finish());
  }

  subscribe(typeUrl: string, names: readonly string[]): void {
    for (const name of names) this.type(typeUrl).names?.add(name);
    this.#ask(typeUrl);
  }

  unsubscribe(typeUrl: string, names: readonly string[]): void {
    const type = this.type(typeUrl);
    for (const name of names) {
      type.names?.delete(name);
      type.has.delete(name);
    }
    this.#ask(typeUrl);
  }

  step(judge: Judge): boolean {
    const bytes = this.next();
    if (bytes === undefined) return false;
    const { typeUrl, nonce, versionInfo, resources } = DiscoveryResponse.decode(bytes);
    const type = this.type(typeUrl);
    const texts = resources.map((any) => textOf(any.value));
    const names = texts.map((content) => content.slice(0, content.indexOf('=')));
    this.note(typeUrl, names);
    const verdict = judge(typeUrl);
    const isTaken = verdict === 'accept' || verdict === 'later';
    if (isTaken && this.whole.has(typeUrl)) type.has.clear();
    const count = isTaken ? names.length : verdict === 'half' ? Math.ceil(names.length / 2) : 0;
    for (const [i, name] of names.slice(0, count).entries()) {
      if (type.names === undefined || type.names.has(name)) type.has.set(name, { version: versionInfo, text: texts[i] ?? '' });
    }
    type.nonce = nonce;
    const answer = () => this.#ask(typeUrl, !isTaken);
    if (verdict === 'later') this.late.push(answer);
    else answer();
    return true;
  }
}
