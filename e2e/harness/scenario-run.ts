/** Plays a scenario: applies its resources, takes its steps, and throws with what differed from what it expects. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { Reply } from './agent.js';
import { checkout } from './processes.js';
import type { Resource, Scenario, SendStep, Step } from './scenario.js';
import { differences, show, within } from './scenario-checks.js';
import { lookAgain, now, type Since } from './scenario-look.js';
import type { ScenarioMesh } from './scenario-mesh.js';
import { sleep } from './wait.js';

/**
 * How long the first step between two ends (and the first after an edit) may take to come true: proxies warm clusters and listeners after they
 * accept them.
 */
const settleMs = 8000;
let steps = 0;

/** Runs one scenario over the mesh; leaves the mesh without its resources. */
export async function play(scenario: Scenario, mesh: ScenarioMesh): Promise<void> {
  let resources = [...fromFiles(scenario, mesh), ...(scenario.mesh ?? [])];
  const memory = new Map<string, readonly Reply[]>();
  const behaving = new Set<string>();
  try {
    await mesh.apply(resources, scenario.dns);
    await mesh.endConnections();
    const since = await now(scenario, mesh);
    const met = new Set<string>();
    for (const [n, step] of scenario.steps.entries()) {
      if ('apply' in step) {
        const key = ({ kind, metadata }: Resource): string => `${kind}/${metadata.namespace}/${metadata.name}`;
        const replaced = new Set(step.apply.map(key));
        resources = [...resources.filter((resource) => !replaced.has(key(resource))), ...step.apply];
        await mesh.apply(resources, scenario.dns);
        met.clear();
        continue;
      }
      if ('behave' in step) for (const name of Object.keys(step.behave)) behaving.add(name);
      const ends = 'send' in step ? `${step.from} ${new URL(step.send.split(' ')[1] ?? '').host} ${step.to}` : '';
      const isFirst = !met.has(ends);
      const patienceMs = ('send' in step ? step.within : undefined) ?? (isFirst ? settleMs : 0);
      const wrong = await take(step, mesh, { memory, since }, patienceMs);
      if (wrong.length > 0) throw new Error(`step ${n + 1} (${'send' in step ? step.send : Object.keys(step)[0]}):\n  ${wrong.join('\n  ')}`);
      met.add(ends);
    }
  } finally {
    for (const name of behaving) await mesh.agent(name).call('behave');
  }
}

/** Takes a step, again until it comes true or `patienceMs` are over; what is wrong the last time. */
async function take(
  step: Exclude<Step, { apply: unknown }>,
  mesh: ScenarioMesh,
  { memory, since }: { readonly memory: Map<string, readonly Reply[]>; readonly since: Since },
  patienceMs: number,
): Promise<string[]> {
  if ('pause' in step) await sleep(step.pause);
  if ('behave' in step) for (const [name, how] of Object.entries(step.behave)) await mesh.agent(name).call('behave', how);
  if ('log' in step || 'metric' in step || 'ask' in step) return lookAgain(step, mesh, since);
  if ('stat' in step) {
    const found = await mesh.stat(step.stat.of, step.stat.name);
    return within(found, step.stat.is) ? [] : [`${step.stat.name} of ${step.stat.of} is ${found}, not ${show(step.stat.is)}`];
  }
  if (!('send' in step)) return [];
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const wrong = await send(step, mesh, memory);
    if (wrong.length === 0 || Date.now() > deadline) return wrong;
    await sleep(100);
  }
}

async function send(step: SendStep, mesh: ScenarioMesh, memory: Map<string, readonly Reply[]>): Promise<string[]> {
  const { send: what, from = 'client', expect, headers, as, ...plan } = step;
  const [method = '', url = ''] = what.split(' ');
  const how = ['grpc', 'tcp', 'websocket', 'openssl'].includes(method) ? { how: method } : { how: 'http', method };
  const id = `s${++steps}`;
  const replies = await mesh.agent(from).call<Reply[]>('send', { ...plan, ...how, url, headers: { ...headers, 'x-step': id } });
  if (as !== undefined) memory.set(as, replies);
  const arrived: Record<string, number> = {};
  if (expect.arrived) {
    // Copies and abandoned attempts may come in a little after the answer.
    await sleep(100);
    for (const name of mesh.servers) {
      const { requests, connections } = await mesh.agent(name).call<{ requests: number; connections: number }>('arrived', { step: id });
      arrived[name] = requests + connections;
    }
  }
  const value = (header: string, n: number): string => String(n % (step.each?.[header] ?? 1));
  return differences(expect, { replies, arrived, value, earlier: (name) => memory.get(name) ?? [] });
}

function fromFiles(scenario: Scenario, mesh: ScenarioMesh): Resource[] {
  return (scenario.files ?? []).flatMap((file) =>
    parseAllDocuments(mesh.fill(readFileSync(join(checkout, file), 'utf8'))).flatMap((document) => (document.toJS() as Resource | null) ?? []),
  );
}
