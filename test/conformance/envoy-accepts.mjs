// Holds every resource that `translate` wrote against a real Envoy: a static bootstrap made of them must pass `envoy --mode validate`.
// Route configurations are put inline (Envoy does not look at what comes over RDS in this mode), load assignments into static clusters.
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findEnvoy } from '../../scripts/envoy.mjs';

/** Clusters that a proxy's bootstrap brings along; EDS, SDS and tracing refer to them. */
const BOOTSTRAP_CLUSTERS = ['xds-grpc', 'sds-grpc', 'prometheus_stats', 'agent', 'zipkin', 'envoy_accesslog_service'];

/** Types that only other builds of Envoy know (istio-proxy, contrib): what holds them cannot be judged here and is counted as skipped. */
const NOT_IN_STOCK = ['stats.PluginConfig', 'envoy.extensions.filters.network.postgres_proxy.v3alpha.PostgresProxy'];

/** Replaces `rds` by the route configuration itself, wherever an HTTP connection manager stands. The cases' proxies have no `cluster`, real nodes do. */
function inlineRoutes(value, routes) {
  if (Array.isArray(value)) return value.map((item) => inlineRoutes(item, routes));
  if (typeof value !== 'object' || value === null) return value;
  const copy = Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inlineRoutes(item, routes)]));
  const name = copy.rds?.routeConfigName;
  if (name !== undefined && routes[name] !== undefined) {
    delete copy.rds;
    copy.routeConfig = routes[name];
  }
  if (copy['@type'] === 'type.googleapis.com/envoy.config.trace.v3.DatadogConfig') copy.serviceName ??= 'validate';
  return copy;
}

function bootstrapOf(dump) {
  const staticCluster = (name) => ({
    name,
    type: 'STATIC',
    connectTimeout: '1s',
    typedExtensionProtocolOptions: http2(),
    loadAssignment: { clusterName: name },
  });
  const assignments = Object.entries(dump.endpoints ?? {}).map(([name, loadAssignment]) => ({
    name: `endpoints of ${name}`,
    type: 'STATIC',
    connectTimeout: '1s',
    lbPolicy: 'ROUND_ROBIN',
    loadAssignment: { ...loadAssignment, clusterName: `endpoints of ${name}` },
  }));
  const own = Object.values(dump.clusters ?? {});
  const missing = BOOTSTRAP_CLUSTERS.filter((name) => dump.clusters?.[name] === undefined);
  return {
    node: { id: 'validate', cluster: 'validate' },
    dynamicResources: { adsConfig: { apiType: 'GRPC', transportApiVersion: 'V3', grpcServices: [{ envoyGrpc: { clusterName: 'xds-grpc' } }] } },
    layeredRuntime: {
      layers: [
        {
          name: 'deprecated',
          staticLayer: {
            're2.max_program_size.error_level': 32768,
            'envoy.deprecated_features:envoy.config.listener.v3.Listener.hidden_envoy_deprecated_use_original_dst': true,
          },
        },
      ],
    },
    staticResources: {
      clusters: [...missing.map(staticCluster), ...own, ...assignments],
      listeners: inlineRoutes(Object.values(dump.listeners ?? {}), dump.routes ?? {}),
    },
  };
}

const http2 = () => ({
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
    '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
    explicitHttpConfig: { http2ProtocolOptions: {} },
  },
});

/** Output goes to a file: an access log to /dev/stdout cannot be opened when that is a socket. */
function validate(envoy, file) {
  return new Promise((resolve) => {
    const log = openSync(`${file}.log`, 'w+');
    const child = spawn(envoy, ['--mode', 'validate', '-c', file, '--log-level', 'error', '--concurrency', '1'], { stdio: ['ignore', log, log] });
    const timer = setTimeout(() => child.kill('SIGKILL'), 60_000);
    child.on('close', (code) => {
      clearTimeout(timer);
      closeSync(log);
      resolve(code === 0 ? undefined : readFileSync(`${file}.log`, 'utf8').trim().split('\n').slice(-3).join(' ').slice(0, 600));
    });
  });
}

/** Validates DIR/CASE/PROXY.json for all cases, two at a time. Resolves to the number accepted and what Envoy said of the others. */
export async function envoyAccepts(output, names, progress = () => undefined) {
  const envoy = await findEnvoy({ say: () => undefined });
  const scratch = mkdtempSync(join(tmpdir(), 'mizzen-validate-'));
  const jobs = names.flatMap((name) => readdirSync(join(output, name)).map((file) => ({ name, file })));
  const refused = [];
  const skipped = [];
  let done = 0;
  const work = async () => {
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
      const at = join(scratch, `${job.name}.${job.file}`);
      const text = readFileSync(join(output, job.name, job.file), 'utf8');
      const foreign = NOT_IN_STOCK.find((type) => text.includes(`"type.googleapis.com/${type}"`));
      if (foreign !== undefined) {
        skipped.push(`${job.name} ${job.file}: ${foreign} is not in a stock Envoy`);
        continue;
      }
      writeFileSync(at, JSON.stringify(bootstrapOf(JSON.parse(text))));
      const said = await validate(envoy, at);
      if (said !== undefined) refused.push(`${job.name} ${job.file}: ${said}`);
      progress(++done);
    }
  };
  await Promise.all([work(), work()]);
  rmSync(scratch, { recursive: true, force: true });
  return { accepted: done - refused.length, refused, skipped };
}
