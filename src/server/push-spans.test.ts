import { expect, test } from '@jest/globals';
import * as api from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { CLUSTER_TYPE } from '../views/type-urls.js';
import { PushSpans } from './push-spans.js';

const times = { since: 0, readAt: 10, writeAt: 20, writtenAt: 30, set: [], deleted: [] };
const pushOf = (i: number) => ({ proxy: `web-${i}.shop`, typeUrl: CLUSTER_TYPE, nonce: `x.${i}`, bytes: 1, resources: 1, readAt: 31, madeAt: 32 });

test('a change of the whole mesh makes a bounded number of spans, and says so', () => {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const spans = new PushSpans(provider.getTracer('test'), api, 1_000_000);
  spans.written(1, times);
  for (let i = 0; i < 105; i++) spans.sent(pushOf(i), 1, 0, 33);
  for (let i = 0; i < 104; i++) spans.answered(pushOf(i), 1, 'accepted', 40);
  spans.done({ change: 1, outcome: 'lost', at: 0, ms: 50, responses: 105 });
  const finished = exporter.getFinishedSpans();
  const pushes = finished.filter(({ name }) => name === 'push cds');
  expect(pushes).toHaveLength(100);
  const root = finished.find(({ name }) => name === 'config change');
  expect(root?.attributes).toMatchObject({ 'mizzen.responses': 105, 'mizzen.responses_not_traced': 5, 'mizzen.outcome': 'lost' });
  expect([root?.startTime, root?.endTime]).toEqual([
    [1000, 0],
    [1000, 50_000_000],
  ]);
});

test('a response that nobody answered ends with its change', () => {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const spans = new PushSpans(provider.getTracer('test'), api);
  spans.written(1, times);
  spans.sent(pushOf(1), 1, 0, 33);
  spans.done({ change: 1, outcome: 'lost', at: 0, ms: 50, responses: 1 });
  expect(exporter.getFinishedSpans().map(({ name }) => name)).toContain('push cds');
  // What comes late is of no change that is known.
  spans.answered(pushOf(1), 1, 'accepted', 60);
  expect(exporter.getFinishedSpans().map(({ name }) => name)).not.toContain('wait for ack');
});
