/**
 * `node scripts/newer-envoy/extract.mjs SET`: writes fields.json anew, from a FileDescriptorSet of a newer Envoy (Go: the packages of
 * github.com/envoyproxy/go-control-plane/envoy, protoregistry.GlobalFiles) against the descriptors that `npm run build` made while it held
 * nothing: {"fields":{},"values":{},"messages":{},"enums":{}}.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { typesOfFiles } from './index.mjs';
import { print, typesOf } from './notation.mjs';

const load = (file) => typesOfFiles(fromBinary(FileDescriptorSetSchema, readFileSync(file)).file);
const has = load(new URL('../../generated/dist/envoy.binpb', import.meta.url));
const newer = load(process.argv[2]);
/** What can stand in a proxy's configuration. */
const isConfig = ({ name }) => (/\/v3(alpha)?\//.test(name) && !/^envoy\/(service|admin|data|api)\//.test(name)) || /^xds\/(type|core)\//.test(name);
const known = (name) => has.messages.has(name) || has.enums.has(name);

/** Without what only matters to programs. */
const wire = (text) => text.replace(/ in:\S+/, '').replace(' optional', '');

const messages = new Map();
const fields = new Map();
for (const [name, { message, file }] of newer.messages) {
  if (!isConfig(file) || message.options?.mapEntry) continue;
  const old = has.messages.get(name)?.message;
  const declared = message.field
    .map((field) => [field.name, print(field, message), old?.field.find((one) => one.name === field.name)])
    .filter(([, text, before]) => before === undefined || wire(text) !== wire(print(before, old)))
    .map(([field, text]) => [field, text]);
  if (old === undefined) messages.set(name, { file: file.name, fields: Object.fromEntries(declared) });
  else if (declared.length > 0) fields.set(name, Object.fromEntries(declared));
}
const enums = {};
const values = {};
for (const [name, { enum: one, file }] of newer.enums) {
  if (!isConfig(file)) continue;
  const old = has.enums.get(name)?.enum;
  const names = Object.fromEntries(
    one.value.filter((value) => !old?.value.some((other) => other.name === value.name)).map((value) => [value.name, value.number]),
  );
  if (old === undefined) enums[name] = { file: file.name, values: names };
  else if (Object.keys(names).length > 0) values[name] = names;
}
// A field of a type that nobody has is left out.
for (const table of [messages, fields])
  for (const declared of table.values()) {
    const own = table === messages ? declared.fields : declared;
    for (const [field, text] of Object.entries(own))
      if (!typesOf(text).every((type) => known(type) || messages.has(type) || Object.hasOwn(enums, type) || type.startsWith('google.protobuf.'))) {
        console.error(`left out: ${field}, ${text}`);
        delete own[field];
      }
  }
const sorted = (entries) => Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
const out = { fields: sorted(fields), values, messages: sorted(messages), enums };
writeFileSync(new URL('fields.json', import.meta.url), `${JSON.stringify(out, undefined, 1)}\n`);
