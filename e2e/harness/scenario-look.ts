/** The steps of a scenario that only look: at a proxy's log, at its metrics, at a page of the control plane. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Reply } from './agent.js';
import { istioSeries } from './prometheus-text.js';
import type { Look, Scenario } from './scenario.js';
import { show, within } from './scenario-checks.js';
import type { ScenarioMesh } from './scenario-mesh.js';
import { sleep } from './wait.js';

/** How it was when the scenario began: lengths of logs, and metrics by proxy. */
export interface Since {
  readonly logs: ReadonlyMap<string, number>;
  readonly metrics: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

const PATIENCE_MS = 8000;

/** Takes down what the looks of a scenario will be compared with. */
export async function now({ steps }: Scenario, mesh: ScenarioMesh): Promise<Since> {
  const proxies = (kind: 'log' | 'metric'): string[] => [
    ...new Set(steps.flatMap((step) => (kind in step ? [(step as Record<string, { of: string }>)[kind]?.of ?? ''] : []))),
  ];
  return {
    logs: new Map(proxies('log').map((name) => [name, statSync(logOf(mesh, name)).size])),
    metrics: new Map(await Promise.all(proxies('metric').map(async (name) => [name, new Map(await metrics(mesh, name))] as const))),
  };
}

/** Looks until it comes true or the time is up; what is wrong the last time. */
export async function lookAgain(step: Look, mesh: ScenarioMesh, since: Since): Promise<string[]> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const wrong = await look(step, mesh, since);
    if (wrong.length === 0 || Date.now() > deadline) return wrong;
    await sleep(200);
  }
}

async function look(step: Look, mesh: ScenarioMesh, since: Since): Promise<string[]> {
  if ('log' in step) {
    const { of, has } = step.log;
    const lines = readFileSync(logOf(mesh, of))
      .subarray(since.logs.get(of) ?? 0)
      .toString()
      .split('\n');
    return lines.some((line) => has.every((text) => line.includes(text))) ? [] : [`no line with ${has.join(' and ')} among\n${lines.join('\n')}`];
  }
  if ('metric' in step) {
    const { of, name, labels, is } = step.metric;
    const before = since.metrics.get(of);
    const all = await metrics(mesh, of);
    const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    const series = [...all].filter(([key]) => key.startsWith(`${name}{`) && wanted.every((text) => key.includes(text)));
    const sum = series.reduce((total, [key, value]) => total + value - (before?.get(key) ?? 0), 0);
    return within(sum, is) ? [] : [`${name} of ${of} grew by ${sum}, not ${show(is)}, among\n${[...all].map(([key]) => key).join('\n')}`];
  }
  const { page, has = [], lacks = [] } = step.ask;
  const [reply] = await mesh.agent('hub').call<Reply[]>('send', { how: 'http', url: `http://${mesh.pods.mizzen().http}${page}` });
  const text = reply?.body ?? JSON.stringify(reply?.said);
  return [
    ...has.filter((one) => !text.includes(one)).map((one) => `${page} does not say ${one}: ${text.slice(0, 3000)}`),
    ...lacks.filter((one) => text.includes(one)).map((one) => `${page} says ${one}`),
  ];
}

const logOf = (mesh: ScenarioMesh, name: string): string => join(mesh.pods.folder, `envoy-${name}.log`);

/** Series of counters and of histograms' counts, by name and labels. */
async function metrics(mesh: ScenarioMesh, name: string): Promise<[string, number][]> {
  const [reply] = await mesh.agent(name).call<Reply[]>('send', { how: 'http', url: 'http://127.0.0.1:15000/stats/prometheus?filter=istio_' });
  return istioSeries(reply?.body ?? '')
    .filter(({ name: metric }) => !metric.endsWith('_bucket'))
    .map(({ key, value }) => [key, value]);
}
