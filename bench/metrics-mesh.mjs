/** Two sidecars on loopback with mutual TLS between them, and an Envoy that answers behind the second: the way of one request in a mesh. */
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Addresses that belong to this run. */
const CLIENT = '127.81.0.1';
const EGRESS = '127.81.0.2';
const SERVER = '127.81.0.3';
/** What a Sidecar may lead to is on this address. */
const BACKEND = '127.0.0.1';
const PORT = 18080;
const BACKEND_PORT = 18090;
const ADMIN = { client: 18001, server: 18002, backend: 18003 };

export const entry = { host: EGRESS, port: PORT, authority: 'echo' };

const yaml = (documents) => documents.map((one) => JSON.stringify(one)).join('\n---\n');
const istio = (kind, name, spec) => ({ apiVersion: 'networking.istio.io/v1', kind, metadata: { name, namespace: 'bench' }, spec });
const http = (name) => ({ number: PORT, protocol: 'HTTP', name });

/** Everything but Telemetry. */
const base = yaml([
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'echo', namespace: 'bench' },
    spec: { selector: { app: 'echo' }, ports: [{ name: 'http', port: PORT, targetPort: PORT }] },
  },
  istio('WorkloadEntry', 'echo', { address: SERVER, serviceAccount: 'echo', labels: { app: 'echo', 'security.istio.io/tlsMode': 'istio' } }),
  istio('Sidecar', 'client', {
    workloadSelector: { labels: { app: 'client' } },
    egress: [{ port: http('out'), bind: EGRESS, captureMode: 'NONE', hosts: ['./*'] }],
  }),
  istio('Sidecar', 'echo', {
    workloadSelector: { labels: { app: 'echo' } },
    ingress: [{ port: http('in'), bind: SERVER, captureMode: 'NONE', defaultEndpoint: `${BACKEND}:${BACKEND_PORT}` }],
    egress: [{ port: { ...http('out'), number: PORT + 1 }, bind: SERVER, captureMode: 'NONE', hosts: ['./*'] }],
  }),
]);

/** An Envoy that says ok. */
const backend = {
  admin: { address: { socket_address: { address: '127.0.0.1', port_value: ADMIN.backend } } },
  static_resources: {
    listeners: [
      {
        name: 'ok',
        address: { socket_address: { address: BACKEND, port_value: BACKEND_PORT } },
        filter_chains: [
          {
            filters: [
              {
                name: 'envoy.filters.network.http_connection_manager',
                typed_config: {
                  '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
                  stat_prefix: 'ok',
                  route_config: {
                    virtual_hosts: [
                      {
                        name: 'all',
                        domains: ['*'],
                        routes: [{ match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: 'ok' } } }],
                      },
                    ],
                  },
                  http_filters: [{ name: 'router', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' } }],
                },
              },
            ],
          },
        ],
      },
    ],
  },
};

/** Writes the base; the folder must be there before the control plane starts. */
export const writeBase = (config) => writeFileSync(join(config, 'base.yaml'), base);

/** Puts another Telemetry in place (none: no metrics). */
export function writeTelemetry(folder, spec) {
  const draft = join(folder, 'telemetry.draft');
  const resource = { apiVersion: 'telemetry.istio.io/v1', kind: 'Telemetry', metadata: { name: 'bench', namespace: 'bench' }, spec };
  writeFileSync(draft, spec === undefined ? '# none\n' : JSON.stringify(resource));
  renameSync(draft, join(folder, 'config', 'telemetry.yaml'));
}

/** Starts the three Envoys; resolves to both sidecars once they serve. */
export async function startEnvoys({ folder, envoy, program, node, control }) {
  const started = [];
  const start = (name, file) => {
    const args = ['-c', file, '--concurrency', '1', '--disable-hot-restart', '--log-level', 'error', '--drain-time-s', '2'];
    const child = spawn(envoy, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    started.push({ child, ended });
    const admin = async (path) =>
      (await fetch(`http://127.0.0.1:${ADMIN[name]}/${path}`, { method: path.startsWith('stats') ? 'GET' : 'POST' })).text();
    return { name, admin, cpuSeconds: () => cpuOf(child.pid), residentMb: () => residentOf(child.pid) };
  };
  const stop = async () => {
    for (const { child, ended } of started) {
      child.kill('SIGKILL');
      await ended;
    }
  };
  try {
    writeFileSync(join(folder, 'backend.json'), JSON.stringify(backend));
    start('backend', join(folder, 'backend.json'));
    const sidecars = ['client', 'server'].map((name) => {
      const app = name === 'client' ? 'client' : 'echo';
      const output = join(folder, `${name}.json`);
      const where = [
        '--ip',
        name === 'client' ? CLIENT : SERVER,
        '--interception',
        'NONE',
        '--admin-port',
        String(ADMIN[name]),
        '--istio-metric-names',
      ];
      const who = [
        '--namespace',
        'bench',
        '--service-account',
        app,
        '--name',
        app,
        '--label',
        `app=${app}`,
        '--label',
        'security.istio.io/tlsMode=istio',
      ];
      const reach = ['--xds-address', control.listening.xdsTls, '--data-dir', join(folder, 'data'), '--output', output];
      const { status, stderr } = spawnSync(node, [program, 'bootstrap', ...where, ...who, ...reach], { encoding: 'utf8' });
      if (status !== 0) throw new Error(stderr);
      return start(name, output);
    });
    await answering();
    return { client: sidecars[0], server: sidecars[1], stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Waits until a request goes all the way. */
export async function answering() {
  const { request } = await import('node:http');
  for (let tries = 0; tries < 300; tries++) {
    const status = await new Promise((resolve) => {
      const asked = request({ host: EGRESS, port: PORT, headers: { host: entry.authority }, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      asked.on('error', () => resolve(0));
      asked.end();
    });
    if (status === 200) return;
    await sleep(100);
  }
  throw new Error('the mesh does not answer');
}

/** User and system time of a process, in seconds: ticks of 10 ms. */
function cpuOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

const residentOf = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
