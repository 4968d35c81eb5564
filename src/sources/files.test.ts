import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { keyOf } from '../api/resource.js';
import { FilesSource } from './files.js';

let folder: string;
let stop: AbortController;
const rows = new Map<string, unknown>();
let transactions = 0;

const writer = {
  transaction: (write: () => void) => {
    transactions++;
    write();
  },
  set: (row: { kind: string; metadata: { namespace: string; name: string }; spec: unknown }) => rows.set(`${row.kind} ${keyOf(row)}`, row.spec),
  delete: (kind: string, key: string) => rows.delete(`${kind} ${key}`),
};

const service = (name: string, type = 'ClusterIP'): string => `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}}\nspec: {type: ${type}}\n`;
const put = (name: string, text: string): void => {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
};

async function until(wanted: () => boolean): Promise<void> {
  const end = Date.now() + 4000;
  while (!wanted()) {
    if (Date.now() > end) throw new Error(`still ${JSON.stringify([...rows])}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function start(extra: { meshConfig?: string } = {}): Promise<FilesSource> {
  const source = new FilesSource({ paths: [join(folder, 'mesh')], ...extra });
  await source.start(writer, stop.signal);
  return source;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'files-'));
  mkdirSync(join(folder, 'mesh'));
  stop = new AbortController();
  rows.clear();
  transactions = 0;
});
afterEach(() => {
  stop.abort();
  rmSync(folder, { recursive: true, force: true });
});

describe('FilesSource', () => {
  it('writes all rows in one transaction and follows edits, new folders and deletions', async () => {
    put('mesh/a.yaml', `${service('a')}---\n${service('b')}`);
    await start();
    expect([...rows.keys()]).toEqual(['Service default/a', 'Service default/b']);
    expect(transactions).toBe(1);
    put('mesh/a.yaml', `${service('a', 'NodePort')}---\n${service('b')}`);
    await until(() => JSON.stringify(rows.get('Service default/a')) === '{"type":"NodePort"}');
    put('mesh/deep/er/c.yml', service('c'));
    await until(() => rows.has('Service default/c'));
    put('mesh/deep/er/c.yml', service('d'));
    await until(() => rows.has('Service default/d') && !rows.has('Service default/c'));
    unlinkSync(join(folder, 'mesh/a.yaml'));
    await until(() => !rows.has('Service default/a'));
  });

  it('follows rename-and-replace, also when the file is gone in between', async () => {
    put('mesh/a.yaml', service('a'));
    await start();
    renameSync(join(folder, 'mesh/a.yaml'), join(folder, 'mesh/a.yaml~'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    put('new', service('a', 'NodePort'));
    renameSync(join(folder, 'new'), join(folder, 'mesh/a.yaml'));
    await until(() => JSON.stringify(rows.get('Service default/a')) === '{"type":"NodePort"}');
    expect(transactions).toBe(2);
  });

  it('follows the symlink swap of a ConfigMap mount', async () => {
    put('mesh/..1/a.yaml', service('a'));
    put('mesh/..2/a.yaml', service('a', 'NodePort'));
    symlinkSync('..1', join(folder, 'mesh/..data'));
    symlinkSync('..data/a.yaml', join(folder, 'mesh/a.yaml'));
    await start();
    expect(rows.get('Service default/a')).toEqual({ type: 'ClusterIP' });
    symlinkSync('..2', join(folder, 'mesh/..data_tmp'));
    renameSync(join(folder, 'mesh/..data_tmp'), join(folder, 'mesh/..data'));
    await until(() => JSON.stringify(rows.get('Service default/a')) === '{"type":"NodePort"}');
  });

  it('keeps the last good rows of a broken file and of a refused document, and tells where', async () => {
    const rule = (mode: string): string =>
      `apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: p}\nspec:\n  mtls:\n    mode: ${mode}\n`;
    put('mesh/a.yaml', `${service('a')}---\n${rule('STRICT')}`);
    const source = await start();
    put('mesh/a.yaml', `${service('b')}---\n${rule('SOMETIMES')}`);
    await until(() => rows.has('Service default/b'));
    expect(rows.get('PeerAuthentication default/p')).toEqual({ mtls: { mode: 'STRICT' } });
    expect(rows.has('Service default/a')).toBe(false);
    expect(source.problems()).toMatchObject([{ field: 'spec.mtls.mode', location: { file: join(folder, 'mesh/a.yaml'), line: 11, column: 5 } }]);
    put('mesh/a.yaml', 'a: [\n');
    await until(() => source.problems()[0]?.code === 'yaml-syntax');
    expect([...rows.keys()].toSorted()).toEqual(['PeerAuthentication default/p', 'Service default/b']);
  });

  it('of equal resources takes the first by path, and the other when that goes', async () => {
    put('mesh/a.yaml', service('a'));
    put('mesh/b.yaml', service('a', 'NodePort'));
    const source = await start();
    expect(rows.get('Service default/a')).toEqual({ type: 'ClusterIP' });
    expect(source.problems()).toMatchObject([{ code: 'duplicate', location: { file: join(folder, 'mesh/b.yaml') } }]);
    unlinkSync(join(folder, 'mesh/a.yaml'));
    await until(() => JSON.stringify(rows.get('Service default/a')) === '{"type":"NodePort"}');
    expect(source.problems()).toEqual([]);
  });

  it('an edit or a new file that repeats the resource of another file changes nothing but is told', async () => {
    put('mesh/a.yaml', service('a', 'NodePort'));
    put('mesh/b.yaml', service('b'));
    const source = await start();
    put('mesh/b.yaml', service('a'));
    await until(() => source.problems().length === 1);
    expect([...rows]).toEqual([['Service default/a', { type: 'NodePort' }]]);
    put('mesh/b.yaml', service('b'));
    await until(() => source.problems().length === 0 && rows.has('Service default/b'));
    put('mesh/0.yaml', service('a', 'LoadBalancer'));
    await until(() => source.problems().length === 1);
    expect(rows.get('Service default/a')).toEqual({ type: 'LoadBalancer' });
  });

  it('moves a resource from one file to another in one transaction', async () => {
    put('mesh/a.yaml', `${service('a')}---\n${service('b')}`);
    put('mesh/b.yaml', service('c'));
    const source = await start();
    put('mesh/a.yaml', service('a'));
    put('mesh/b.yaml', `${service('c')}---\n${service('b', 'NodePort')}`);
    await until(() => JSON.stringify(rows.get('Service default/b')) === '{"type":"NodePort"}');
    expect(transactions).toBe(2);
    expect(source.problems()).toEqual([]);
  });

  it('MC-001: follows the file of mesh settings', async () => {
    put('mesh.yaml', 'trustDomain: a.test\n');
    await start({ meshConfig: join(folder, 'mesh.yaml') });
    expect(rows.get('MeshConfig /mesh')).toEqual({ trustDomain: 'a.test' });
    put('mesh.yaml', 'trustDomain: b.test\n');
    await until(() => JSON.stringify(rows.get('MeshConfig /mesh')) === '{"trustDomain":"b.test"}');
  });

  it('does not write rows that only moved in their file', async () => {
    put('mesh/a.yaml', service('a'));
    const source = await start();
    put('mesh/a.yaml', `# a comment\n\n${service('a')}---\n${service('b')}`);
    const changes: string[][] = [];
    source.onChange((change) => changes.push(change.set.map((row) => `${row.metadata.name}:${row.location?.line}`)));
    await until(() => rows.has('Service default/b'));
    expect(changes).toEqual([['b:8']]);
  });
});
