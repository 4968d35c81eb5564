/**
 * Hundreds of edits under load fail no request, by delta and by state-of-the-world ADS (XD-007). `MIZZEN_STORM_S` says for how many seconds,
 * `MIZZEN_STORM_SEED` repeats a storm. Needs root, iproute2 and iptables; without them it shows up as skipped.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cleanup, onCleanup } from './harness/cleanup.js';
import { loadFrom } from './harness/mesh-pods.js';
import { podsMissing } from './harness/pods.js';
import { measured } from './harness/report.js';
import { type ScenarioMesh, startScenarioMesh } from './harness/scenario-mesh.js';
import { type Storm, storm } from './harness/storm.js';
import { sleep } from './harness/wait.js';

const missing = podsMissing();
const seconds = Number(process.env['MIZZEN_STORM_S'] ?? 20);
const seed = Number(process.env['MIZZEN_STORM_SEED'] ?? Date.now() % 1_000_000);
const perSecond = 10;
const title = missing ? `a storm of edits (skipped: ${missing})` : 'a storm of edits';

(missing ? describe.skip : describe)(title, () => {
  let mesh: ScenarioMesh;
  let edits: Storm;

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mizzen-edits-'));
    if (!process.env['MIZZEN_KEEP']) onCleanup(() => rmSync(folder, { recursive: true, force: true }));
    mesh = await startScenarioMesh(folder, 3);
    const addresses = Object.fromEntries(['v1', 'v2', 'v3'].map((name) => [name, mesh.pod(name).ip]));
    edits = storm(addresses, seed);
    await mesh.apply(edits.next());
  }, 180_000);
  afterAll(cleanup, 60_000);

  test(
    `XD-007: ${seconds} s of edits under load fail no request, by delta and by SotW`,
    async () => {
      measured(`seed ${seed}`);
      const loads = ['client', 'other'].flatMap((from) =>
        ['storm', 'named', 'scaled'].map((name) => ({
          name: `${from} to ${name}`,
          stop: loadFrom(mesh.pod(from), { url: `http://${name}.app.svc.cluster.local/`, perSecond: 40 }),
        })),
      );
      await sleep(1500);
      const end = performance.now() + seconds * 1000;
      let made = 0;
      for (; performance.now() < end; made++) {
        mesh.write(edits.next());
        await sleep(1000 / perSecond);
      }
      await sleep(1500);
      const results = await Promise.all(loads.map(async ({ name, stop }) => ({ name, ...(await stop()) })));
      measured(`${made} edits: ${JSON.stringify(edits.edits)}`);
      for (const { name, sent, failed, failures, ms } of results)
        measured(`${name}: ${failed} of ${sent} failed ${JSON.stringify(failures)}, p99 ${ms.p99} ms`);
      expect(results.map(({ name, failed, failures }) => ({ name, failed, failures }))).toEqual(
        results.map(({ name }) => ({ name, failed: 0, failures: {} })),
      );
      for (const { sent } of results) expect(sent).toBeGreaterThan(seconds * 30);
      expect(made).toBeGreaterThan((seconds * perSecond) / 2);
      // Every proxy ends on what was written last, and none has refused anything on the way.
      await mesh.apply(edits.next());
    },
    (seconds + 60) * 1000,
  );
});
