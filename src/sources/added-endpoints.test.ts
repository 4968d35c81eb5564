import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FilesSource } from './files.js';

/** Long enough to tell what waited for it from what did not. */
const QUIET_MS = 400;

let folder: string;
let stop: AbortController;
let slices: string[];

const pod = (name: string) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'a' }, spec: {} });
const slice = (addresses: readonly string[], more: object = {}) => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: 's', namespace: 'a', labels: { 'kubernetes.io/service-name': 's' } },
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 80 }],
  endpoints: addresses.map((address) => ({ addresses: [address], targetRef: { kind: 'Pod', namespace: 'a', name: `p${address.at(-1)}` } })),
  ...more,
});
const put = (documents: readonly object[], byRename = true): void => {
  const text = documents.map((document) => JSON.stringify(document)).join('\n---\n');
  const target = join(folder, 'mesh', 'a.yaml');
  if (!byRename) return writeFileSync(target, text);
  writeFileSync(join(folder, 'draft'), text);
  renameSync(join(folder, 'draft'), target);
};
const pods = [pod('p1'), pod('p2'), pod('p3')];

/** Whether a change was written before its quiet moment was over; it must be written after it in any case. */
async function isHurried(change: () => void): Promise<boolean> {
  const before = slices.length;
  change();
  await sleep(QUIET_MS / 2);
  const early = slices.length > before;
  await sleep(QUIET_MS);
  expect(slices.length).toBe(before + 1);
  return early;
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'added-'));
  mkdirSync(join(folder, 'mesh'));
  stop = new AbortController();
  slices = [];
  put([...pods, slice(['10.0.0.1'])]);
  const source = new FilesSource({ paths: [join(folder, 'mesh')], debounce: { quiet: QUIET_MS, max: 10_000 } });
  const set = (row: { kind: string; spec: unknown }) => {
    if (row.kind === 'EndpointSlice') slices.push(JSON.stringify(row.spec));
  };
  await source.start({ transaction: (write: () => void) => write(), set, delete: () => undefined } as never, stop.signal);
  await sleep(QUIET_MS + 50);
});
afterEach(() => {
  stop.abort();
  rmSync(folder, { recursive: true, force: true });
});

describe('XD-011 XD-013: what does not wait for the quiet moment', () => {
  test('endpoints that come, one time after the other', async () => {
    expect(await isHurried(() => put([...pods, slice(['10.0.0.1', '10.0.0.2'])]))).toBe(true);
    expect(slices.at(-1)).toContain('10.0.0.2');
    expect(await isHurried(() => put([...pods, slice(['10.0.0.3', '10.0.0.1', '10.0.0.2'])]))).toBe(true);
  });

  test.each<[string, () => void]>([
    ['endpoints that go', () => put([...pods, slice([])])],
    ['endpoints that change', () => put([...pods, slice(['10.0.0.2'])])],
    ['ports that change', () => put([...pods, slice(['10.0.0.1', '10.0.0.2'], { ports: [{ name: 'http', port: 81 }] })])],
    ['endpoints of a pod that nobody knows yet', () => put([...pods, slice(['10.0.0.1', '10.0.0.9'])])],
    [
      'endpoints and something else',
      () =>
        put([pod('p1'), { ...pod('p2'), metadata: { name: 'p2', namespace: 'a', labels: { v: '2' } } }, pod('p3'), slice(['10.0.0.1', '10.0.0.2'])]),
    ],
    ['a file that is written in place, maybe not to its end', () => put([...pods, slice(['10.0.0.1', '10.0.0.2'])], false)],
  ])('but not %s', async (_, change) => {
    expect(await isHurried(change)).toBe(false);
  });

  test('nor what comes before some quiet, which would be a transaction for each of many', async () => {
    put([...pods, slice(['10.0.0.1', '10.0.0.2'])]);
    await sleep(QUIET_MS / 4);
    expect(slices.length).toBe(2);
    expect(await isHurried(() => put([...pods, slice(['10.0.0.1', '10.0.0.2', '10.0.0.3'])]))).toBe(false);
  });
});
