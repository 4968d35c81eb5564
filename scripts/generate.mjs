// Makes generated/ (the Envoy API as TypeScript) from the .proto files that the npm package @grpc/grpc-js-xds carries,
// plus the few of our own in proto/. Buf's registry is not needed. Skips the work when nothing changed.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateCrdTypes } from './generate-crd-types.mjs';
import { generateDescriptors } from './generate-descriptors.mjs';
import { newerFields } from './newer-fields.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.chdir(root);
const xdsDeps = 'node_modules/@grpc/grpc-js-xds/deps';
const staged = 'proto/staged';
const stampFile = 'generated/dist/.stamp';

function filesUnder(folder) {
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, name))
    .filter((name) => statSync(name).isFile())
    .sort();
}

/** What the output depends on: our protos, the buf configuration, this script and the versions of the tools. */
function stamp() {
  const hash = createHash('sha256');
  const ours = filesUnder('proto').filter((name) => !name.startsWith(staged));
  for (const name of [
    ...ours,
    'buf.yaml',
    'buf.gen.yaml',
    'generated/package.json',
    'generated/tsconfig.json',
    'scripts/generate.mjs',
    'scripts/generate-crd-types.mjs',
    'scripts/generate-descriptors.mjs',
    'scripts/newer-fields.mjs',
    ...filesUnder('scripts/newer-envoy'),
  ]) {
    hash.update(name).update(readFileSync(name));
  }
  for (const name of [
    '@grpc/grpc-js-xds',
    'ts-proto',
    '@bufbuild/buf',
    'typescript',
    'protoc-gen-validate',
    '@kubernetes-models/istio',
    '@kubernetes-models/gateway-api',
  ]) {
    hash.update(JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version);
  }
  return hash.digest('hex');
}

function run(command, args, cwd = root) {
  const done = spawnSync(command, args, { cwd, stdio: 'inherit' });
  if (done.status !== 0) {
    console.error(`generate: ${command} ${args.join(' ')} failed`);
    process.exit(1);
  }
}

/** Copies the upstream protos and adds what they lack: a newer validate.proto and fields of newer Envoys. */
function stage() {
  rmSync(staged, { recursive: true, force: true });
  mkdirSync(`${staged}/validate`, { recursive: true });
  for (const folder of ['envoy', 'contrib'].filter((name) => existsSync(`${xdsDeps}/envoy-api/${name}`))) {
    cpSync(`${xdsDeps}/envoy-api/${folder}`, `${staged}/${folder}`, { recursive: true });
  }
  for (const folder of ['udpa', 'xds']) cpSync(`${xdsDeps}/xds/${folder}`, `${staged}/${folder}`, { recursive: true });
  cpSync(`${xdsDeps}/googleapis/google`, `${staged}/google`, { recursive: true });
  cpSync('node_modules/protoc-gen-validate/src/proto/validate.proto', `${staged}/validate/validate.proto`);
  addField('envoy/config/cluster/v3/cluster.proto', 'google.protobuf.Duration dns_refresh_rate = 16', 'google.protobuf.Duration dns_jitter = 58;');
  const zipkin = 'envoy/config/trace/v3/zipkin.proto';
  addField(zipkin, 'import "google/protobuf/wrappers.proto"', 'import "envoy/config/core/v3/http_service.proto";');
  addField(zipkin, 'string collector_cluster = 1', 'enum TraceContextOption { USE_B3 = 0; USE_B3_WITH_W3C_PROPAGATION = 1; }');
  addField(zipkin, 'string collector_cluster = 1', 'TraceContextOption trace_context_option = 8;');
  addField(zipkin, 'string collector_cluster = 1', 'core.v3.HttpService collector_service = 9;');
  const wasm = 'envoy/extensions/wasm/v3/wasm.proto';
  addField(wasm, 'bool fail_open = 5', 'FailurePolicy failure_policy = 7;');
  addField(wasm, 'message CapabilityRestrictionConfig {', 'enum FailurePolicy { UNSPECIFIED = 0; FAIL_RELOAD = 1; FAIL_CLOSED = 2; FAIL_OPEN = 3; }');
  addField('envoy/type/tracing/v3/custom_tag.proto', 'Metadata metadata = 5;', 'string value = 6;');
  const tcpProxy = 'envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.proto';
  addField(tcpProxy, 'TcpAccessLogOptions access_log_options = 17', 'UpstreamConnectMode upstream_connect_mode = 21;');
  addField(tcpProxy, 'TcpAccessLogOptions access_log_options = 17', 'google.protobuf.UInt32Value max_early_data_bytes = 22;');
  addField(tcpProxy, 'message TcpProxy {', 'enum UpstreamConnectMode { IMMEDIATE = 0; ON_DOWNSTREAM_DATA = 1; ON_DOWNSTREAM_TLS_HANDSHAKE = 2; }');
  const hcm = 'envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto';
  addField(hcm, 'google.protobuf.BoolValue spawn_upstream_span = 10', 'bool no_context_propagation = 13;');
  for (const [file, anchor, declaration] of newerFields) addField(`envoy/${file}.proto`, anchor, declaration);
}

/** Inserts one field declaration before the line that holds `anchor`. */
function addField(file, anchor, declaration) {
  const path = `${staged}/${file}`;
  const text = readFileSync(path, 'utf8');
  if (text.includes(declaration)) return;
  const at = text.indexOf(anchor);
  if (at < 0) throw new Error(`generate: ${file} no longer has "${anchor}"`);
  const line = text.lastIndexOf('\n', at) + 1;
  writeFileSync(path, `${text.slice(0, line)}  ${declaration}\n${text.slice(line)}`);
}

const wanted = stamp();
if (!process.argv.includes('--force') && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wanted) {
  console.log('generated/ is up to date');
  process.exit(0);
}
generateCrdTypes();
stage();
rmSync('generated/src', { recursive: true, force: true });
rmSync('generated/dist', { recursive: true, force: true });
rmSync('generated/tsconfig.tsbuildinfo', { force: true }); // else the compiler believes that what was removed is there
run('node_modules/.bin/buf', ['generate']);
run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.json'], join(root, 'generated'));
generateDescriptors(run);
writeFileSync(stampFile, wanted);
