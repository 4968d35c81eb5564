import { expect, test } from '@jest/globals';
import { Histogram as Reference, Registry } from 'prom-client';
import { Histogram } from './histogram.js';

const buckets = [0.1, 1, 10];
const values = [0, 0.1, 0.100001, 1, 5, 10, 11, 1e9];

test('MT-001: shown exactly as prom-client shows its own', async () => {
  const [ours, theirs] = [new Registry(), new Registry()];
  const one = new Histogram(ours, 'h', 'what it is', buckets, ['type']);
  const other = new Reference({ registers: [theirs], name: 'h', help: 'what it is', buckets, labelNames: ['type'] });
  for (const type of ['a', 'b"\n']) {
    const bound = one.labels({ type });
    for (const value of values) {
      bound.observe(value);
      other.observe({ type }, value);
    }
  }
  expect(await ours.metrics()).toBe(await theirs.metrics());
});

test('without labels it is there from the start; with labels each value needs them', async () => {
  const registry = new Registry();
  new Histogram(registry, 'plain', 'p', buckets, []).observe(5);
  const labelled = new Histogram(registry, 'labelled', 'l', buckets, ['type']);
  expect(await registry.metrics()).toContain('plain_bucket{le="10"} 1\nplain_bucket{le="+Inf"} 1\nplain_sum 5\nplain_count 1');
  expect(() => labelled.observe(1)).toThrow('needs its labels');
});
