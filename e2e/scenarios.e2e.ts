/**
 * What Istio's traffic APIs promise, one small file each under e2e/scenarios/, over one mesh of transparent sidecars and a gateway. One client
 * joins by delta, the other by state-of-the-world ADS. Needs root, iproute2 and iptables; without them every test here shows up as skipped.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cleanup, onCleanup } from './harness/cleanup.js';
import { podsMissing } from './harness/pods.js';
import { readScenarios, type Scenario } from './harness/scenario.js';
import { type ScenarioMesh, startScenarioMesh } from './harness/scenario-mesh.js';
import { play } from './harness/scenario-run.js';

const missing = podsMissing();
const title = missing ? `scenarios (skipped: ${missing})` : 'scenarios';

(missing ? describe.skip : describe)(title, () => {
  let mesh: ScenarioMesh;

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mizzen-scenarios-'));
    if (!process.env['MIZZEN_KEEP']) onCleanup(() => rmSync(folder, { recursive: true, force: true }));
    mesh = await startScenarioMesh(folder);
  }, 180_000);
  afterAll(cleanup, 60_000);

  const minor = Number(process.env['MIZZEN_ENVOY_VERSION']?.split('.')[1] ?? Infinity);
  const isTooNew = ({ sinceEnvoy = 0 }: Scenario): boolean => sinceEnvoy > minor;
  const all = readScenarios();
  test.skip.each(all.filter(isTooNew).map(({ name, why, sinceEnvoy }) => [name, sinceEnvoy, why]))('%s (from Envoy 1.%d on): %s', () => undefined);

  test.each(all.filter((scenario) => !isTooNew(scenario)).map(({ name, why }) => [name, why]))(
    '%s: %s',
    async (name) => {
      const scenario = readScenarios(mesh.fill).find((one) => one.name === name);
      if (!scenario) throw new Error(`no scenario ${name}`);
      await play(scenario, mesh);
    },
    60_000,
  );

  test('XD-005: no Envoy refused anything', async () => {
    for (const name of ['v1', 'v2', 'v3', 'client', 'other', 'gateway'])
      for (const what of ['cluster_manager.cds.update_rejected', 'listener_manager.lds.update_rejected'])
        expect({ name, what, refused: await mesh.stat(name, what) }).toEqual({ name, what, refused: 0 });
  });
});
