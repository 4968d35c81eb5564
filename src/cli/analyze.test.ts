import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { run } from './program.js';

const ROUTE = 'apiVersion: networking.istio.io/v1\nkind: VirtualService\n';
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'analyze-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => {
  jest.restoreAllMocks();
});

async function analyze(text: string, ...more: string[]): Promise<{ code: number; out: string }> {
  const file = join(folder, 'mesh.yaml');
  writeFileSync(file, text);
  const lines: string[] = [];
  jest.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
  jest.spyOn(console, 'error').mockImplementation(() => undefined);
  const code = await run(['node', 'mizzen', 'analyze', file, ...more]);
  return { code, out: lines.join('\n').replaceAll(file, 'mesh.yaml') };
}

const service = 'apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: s}\nspec: {ports: [{name: http, port: 80}]}\n---\n';
const twice = ['one', 'two']
  .map((name) => `${ROUTE}metadata: {name: ${name}, namespace: s}\nspec: {hosts: [a], http: [{route: [{destination: {host: a}}]}]}\n`)
  .join('---\n');

describe('mizzen analyze', () => {
  test('prints file:line:column, winner, loser and a summary; warnings fail only on request', async () => {
    const { code, out } = await analyze(service + twice);
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      expect.stringMatching(/^mesh\.yaml:14:16: warning: VirtualService s\/two: spec\.hosts\[0\]: .* \[virtual-service-conflict\]$/),
      '  winner: mesh.yaml:9:16 VirtualService s/one spec.hosts[0]',
      '  loser: mesh.yaml:14:16 VirtualService s/two spec.hosts[0]',
      '3 resources, 0 errors, 1 warnings, 0 hints',
    ]);
    expect((await analyze(service + twice, '--fail-on', 'warning')).code).toBe(1);
  });

  test('problems of single resources are among them, in order of place, and JSON has it all', async () => {
    const lost = `${ROUTE}metadata: {name: lost, namespace: s}\nspec: {hosts: [a], http: [{route: [{destination: {host: gone}}]}]}\n---\n`;
    const { code, out } = await analyze(`${service}${lost}${ROUTE}metadata: {name: bad, namespace: s}\nspec: {hosts: [a], htp: []}\n`, '--json');
    expect(code).toBe(1);
    const { summary, findings } = JSON.parse(out) as { summary: object; findings: { code: string; location: { line: number } }[] };
    expect(summary).toEqual({ resources: 2, errors: expect.any(Number), warnings: 0, infos: 0 });
    expect(findings[0]).toMatchObject({ code: 'unknown-destination', field: 'spec.http[0].route[0].destination.host', location: { line: 9 } });
    expect(findings.slice(1).map((one) => one.location.line)).toEqual(findings.slice(1).map(() => 14));
  });

  test('a route that is never reached is told once, with what is before it', async () => {
    const shadowed = `${ROUTE}metadata: {name: v, namespace: s}
spec:
  hosts: [a]
  http:
    - match: [{uri: {prefix: /a}}]
      route: [{destination: {host: a}}]
    - match: [{uri: {prefix: /a}}]
      route: [{destination: {host: a}}]
`;
    const { out } = await analyze(service + shadowed);
    expect(out.match(/never used/g)).toHaveLength(1);
    expect(out).toContain('winner: mesh.yaml:12:15');
  });

  test('the mesh-wide settings count', async () => {
    const settings = join(folder, 'mesh-config.yaml');
    writeFileSync(settings, 'defaultVirtualServiceExportTo: ["."]\n');
    const elsewhere = twice.replace('{name: two, namespace: s}', '{name: two, namespace: t}').replaceAll('host: a}', 'host: a.s.svc.cluster.local}');
    const hosts = elsewhere.replaceAll('hosts: [a]', 'hosts: [a.s.svc.cluster.local]');
    expect((await analyze(service + hosts)).out).toContain('virtual-service-conflict');
    expect((await analyze(service + hosts, '--mesh-config', settings)).out).not.toContain('virtual-service-conflict');
  });
});
