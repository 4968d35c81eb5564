/**
 * Who can reach whom, and why: the tables of e2e/security over real Envoys with transparent sidecars. Each line is checked for what the caller gets
 * and for the reason in the access log of the Envoy that decided. Needs root, iproute2 and iptables; without them every test here is skipped.
 */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { reasoningMesh } from './harness/access-log.js';
import { authorizers, startAuthorizer } from './harness/authorizer.js';
import { cleanup, onCleanup } from './harness/cleanup.js';
import { podsMissing } from './harness/pods.js';
import { measured } from './harness/report.js';
import { type ScenarioMesh, startScenarioMesh } from './harness/scenario-mesh.js';
import { accessLog, makeTokens, playTable, type Tokens } from './harness/security-run.js';
import { readTables } from './harness/security-table.js';

const missing = podsMissing();
const title = missing ? `security tables (skipped: ${missing})` : 'security tables';

(missing ? describe.skip : describe)(title, () => {
  let mesh: ScenarioMesh;
  let tokens: Tokens;
  let held = 0;

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mizzen-security-'));
    if (!process.env['MIZZEN_KEEP']) onCleanup(() => rmSync(folder, { recursive: true, force: true }));
    const log = join(folder, accessLog);
    writeFileSync(log, '');
    chmodSync(log, 0o666);
    tokens = await makeTokens();
    mesh = await startScenarioMesh(folder, 11, reasoningMesh(log, authorizers));
    await startAuthorizer(mesh.pod('outside'));
  }, 180_000);
  afterAll(cleanup, 60_000);

  test.each(readTables().map(({ name, why }) => [name, why]))(
    '%s: %s',
    async (name) => {
      const table = readTables(mesh.fill).find((one) => one.name === name);
      if (!table) throw new Error(`no table ${name}`);
      const played = await playTable(table, mesh, tokens);
      held += played.held;
      measured(`${name}: ${played.held} of ${played.held + played.wrong.length} outcomes as promised; ${held} so far`);
      expect(played.wrong).toEqual([]);
    },
    180_000,
  );

  // A table that is lost, or read as empty, would show nowhere else.
  (process.env['MIZZEN_SCENARIOS'] ? test.skip : test)('at least 150 outcomes were checked', () => expect(held).toBeGreaterThanOrEqual(150));
});
