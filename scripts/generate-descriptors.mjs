// Makes generated/dist/envoy.binpb: a FileDescriptorSet of every Envoy API that can stand in a proxy's configuration, far more than buf.gen.yaml
// turns into TypeScript. EnvoyFilters may use any of it; src/translate/patch reads the set when the first one appears.
// https://buf.build/docs/reference/descriptors/

import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { addNewer } from './newer-envoy/index.mjs';

const output = 'generated/dist/envoy.binpb';

/** These import OpenCensus, whose protos nobody carries and Envoy has dropped. */
const excluded = ['opencensus.proto', 'trace.proto'].map((name) => `proto/staged/envoy/config/trace/v3/${name}`);

/** Folders of version 3 of the API, and of its alphas; services are no configuration. */
function apiFolders() {
  const staged = readdirSync('proto/staged/envoy', { recursive: true }).map((name) => `proto/staged/envoy/${name}`);
  const v3 = staged.filter((name) => /\/v3(alpha)?$/.test(name) && !name.startsWith('proto/staged/envoy/service/'));
  return [
    ...v3.sort(),
    'proto/staged/envoy/annotations',
    'proto/staged/xds',
    'proto/staged/udpa',
    'proto/own/envoy',
    'proto/own/istio/stats',
    'proto/own/istio/envoy',
  ];
}

/** `run` is generate.mjs's: it ends the program when the command fails. */
export function generateDescriptors(run) {
  rmSync(output, { force: true });
  const paths = apiFolders().flatMap((folder) => ['--path', folder]);
  const without = excluded.flatMap((file) => ['--exclude-path', file]);
  run('node_modules/.bin/buf', [
    'build',
    '--as-file-descriptor-set',
    '--exclude-source-info',
    '--exclude-source-retention-options',
    '-o',
    output,
    ...without,
    ...paths,
  ]);
  const set = addNewer(fromBinary(FileDescriptorSetSchema, readFileSync(output)));
  writeFileSync(output, toBinary(FileDescriptorSetSchema, set));
}
