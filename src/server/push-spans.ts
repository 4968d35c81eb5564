/**
 * Spans of a change (off by default): from the first event of a file over the transaction and the views to each proxy's answer.
 *
 *     config change
 *     ├─ debounce, read files, transaction
 *     └─ push cds            one for each response, up to a number
 *        ├─ views            computing and encoding what differs
 *        ├─ send             handing it to the transport
 *        └─ wait for ack
 */
import type { Context, Span, SpanOptions, Tracer } from '@opentelemetry/api';
import type { AnyRow } from '../api/kinds.js';
import { keyOf } from '../api/resource.js';
import { TYPE } from '../views/type-urls.js';
import type { Answer, CarriedPush, ChangeReport } from '../xds/change-tracker.js';
import type { ChangeObserver, ChangeTimes } from './changes.js';

/** A change of the whole mesh reaches thousands of proxies. */
const MAX_PUSHES = 100;
const SHOWN_NAMES = 10;

interface Open {
  readonly span: Span;
  readonly context: Context;
  /** By nonce. */
  readonly pushes: Map<string, { readonly span: Span; readonly sentAt: number }>;
  started: number;
}

/** What of OpenTelemetry's API is needed to make spans; loaded only when tracing is on. */
export interface SpanApi {
  readonly trace: { setSpan(context: Context, span: Span): Context };
  readonly ROOT_CONTEXT: Context;
  readonly SpanStatusCode: { readonly ERROR: 2 };
}

export class PushSpans implements ChangeObserver {
  readonly #open = new Map<number, Open>();

  constructor(
    private readonly tracer: Tracer,
    private readonly api: SpanApi,
    /** The epoch's milliseconds at zero of the server's clock. */
    private readonly origin = performance.timeOrigin,
  ) {}

  written(change: number, { since, readAt, writeAt, writtenAt, set, deleted }: ChangeTimes): void {
    const span = this.#start('config change', since, this.api.ROOT_CONTEXT, {
      attributes: {
        'mizzen.change': change,
        'mizzen.rows.set': set.length,
        'mizzen.rows.deleted': deleted.length,
        'mizzen.rows': namesOf([...set, ...deleted]),
      },
    });
    const context = this.api.trace.setSpan(this.api.ROOT_CONTEXT, span);
    this.#open.set(change, { span, context, pushes: new Map(), started: 0 });
    this.#span('debounce', since, readAt, context);
    this.#span('read files', readAt, writeAt, context);
    this.#span('transaction', writeAt, writtenAt, context);
  }

  sent(push: CarriedPush, change: number, _: number, now: number): void {
    const open = this.#open.get(change);
    if (open === undefined || ++open.started > MAX_PUSHES) return;
    const { proxy, typeUrl, bytes, resources, readAt, madeAt } = push;
    const span = this.#start(`push ${TYPE[typeUrl] ?? 'other'}`, readAt, open.context, {
      attributes: { 'mizzen.proxy': proxy, 'mizzen.type_url': typeUrl, 'mizzen.bytes': bytes, 'mizzen.resources': resources },
    });
    const context = this.api.trace.setSpan(open.context, span);
    this.#span('views', readAt, madeAt, context);
    this.#span('send', madeAt, now, context);
    open.pushes.set(push.nonce, { span, sentAt: now });
  }

  answered({ nonce }: CarriedPush, change: number, answer: Answer, now: number): void {
    const open = this.#open.get(change);
    const push = open?.pushes.get(nonce);
    if (open === undefined || push === undefined) return;
    open.pushes.delete(nonce);
    this.#span('wait for ack', push.sentAt, now, this.api.trace.setSpan(open.context, push.span));
    push.span.setAttribute('mizzen.answer', answer);
    if (answer === 'refused') push.span.setStatus({ code: this.api.SpanStatusCode.ERROR, message: 'the proxy refused the response (NACK)' });
    push.span.end(this.#time(now));
  }

  done({ change, outcome, at, ms, responses }: ChangeReport): void {
    const open = this.#open.get(change);
    if (open === undefined) return;
    this.#open.delete(change);
    for (const { span } of open.pushes.values()) span.end(this.#time(at + ms));
    open.span.setAttributes({ 'mizzen.outcome': outcome, 'mizzen.responses': responses });
    if (open.started > MAX_PUSHES) open.span.setAttribute('mizzen.responses_not_traced', open.started - MAX_PUSHES);
    if (outcome === 'refused') open.span.setStatus({ code: this.api.SpanStatusCode.ERROR, message: 'a proxy refused a response (NACK)' });
    open.span.end(this.#time(at + ms));
  }

  #start(name: string, at: number, parent: Context, options: SpanOptions = {}): Span {
    return this.tracer.startSpan(name, { ...options, startTime: this.#time(at) }, parent);
  }

  #span(name: string, from: number, to: number, parent: Context): void {
    this.#start(name, from, parent).end(this.#time(to));
  }

  #time(at: number): number {
    return this.origin + at;
  }
}

/** `VirtualService shop/web`, the first few. */
const namesOf = (rows: readonly AnyRow[]): string[] => rows.slice(0, SHOWN_NAMES).map((row) => `${row.kind} ${keyOf(row)}`);
