/**
 * What Envoy's API has gained since the protos that @grpc/grpc-js-xds carries, as facts in fields.json: fields and values of known messages and
 * enums, and messages and enums of their own. Added to the descriptors with which EnvoyFilters are read; the generated code knows nothing of it.
 */
import { readFileSync } from 'node:fs';
import { create } from '@bufbuild/protobuf';
import * as wkt from '@bufbuild/protobuf/wkt';
import { parse, typesOf } from './notation.mjs';

const make = {
  field: (init) => create(wkt.FieldDescriptorProtoSchema, init),
  message: (init) => create(wkt.DescriptorProtoSchema, init),
  oneof: (init) => create(wkt.OneofDescriptorProtoSchema, init),
  mapEntry: () => create(wkt.MessageOptionsSchema, { mapEntry: true }),
  enum: (init) => create(wkt.EnumDescriptorProtoSchema, init),
  value: (init) => create(wkt.EnumValueDescriptorProtoSchema, init),
  file: (init) => create(wkt.FileDescriptorProtoSchema, { syntax: 'proto3', ...init }),
};
const parentOf = (name) => name.slice(0, name.lastIndexOf('.'));
const lastOf = (name) => name.slice(name.lastIndexOf('.') + 1);

/** Full names of all messages and enums of these files, each with its descriptor and its file. */
export function typesOfFiles(files) {
  const messages = new Map();
  const enums = new Map();
  const walk = (name, message, file) => {
    messages.set(name, { message, file });
    for (const one of message.nestedType) walk(`${name}.${one.name}`, one, file);
    for (const one of message.enumType) enums.set(`${name}.${one.name}`, { enum: one, file });
  };
  for (const file of files) {
    for (const one of file.messageType) walk(`${file.package}.${one.name}`, one, file);
    for (const one of file.enumType) enums.set(`${file.package}.${one.name}`, { enum: one, file });
  }
  return { messages, enums };
}

/** Adds to a set of files; they come out in the order in which they need each other. */
export function addNewer(set) {
  const { messages: newMessages, enums: newEnums, fields, values } = JSON.parse(readFileSync(new URL('fields.json', import.meta.url), 'utf8'));
  const { messages, enums } = typesOfFiles(set.file);
  const files = new Map(set.file.map((file) => [file.name, file]));
  const fileOf = (name, path) => {
    if (!files.has(path)) files.set(path, make.file({ name: path, package: parentOf(name) }));
    return files.get(path);
  };
  const valuesOf = (names) => Object.entries(names).map(([name, number]) => make.value({ name, number }));
  // Shorter names first: a message comes before those inside it.
  const byDepth = (table) => Object.entries(table).sort(([a], [b]) => a.split('.').length - b.split('.').length);
  for (const [name, { file: path }] of byDepth(newMessages)) {
    if (messages.has(name)) continue;
    const parent = messages.get(parentOf(name));
    const file = parent?.file ?? fileOf(name, path);
    const message = make.message({ name: lastOf(name) });
    (parent?.message.nestedType ?? file.messageType).push(message);
    messages.set(name, { message, file });
  }
  for (const [name, { file: path, values: names }] of Object.entries(newEnums)) {
    if (enums.has(name)) continue;
    const parent = messages.get(parentOf(name));
    const file = parent?.file ?? fileOf(name, path);
    (parent?.message ?? file).enumType.push(make.enum({ name: lastOf(name), value: valuesOf(names) }));
    enums.set(name, { file });
  }
  for (const [name, names] of Object.entries(values)) enums.get(name)?.enum?.value.push(...valuesOf(names));
  const needs = new Map([...files.values()].map((file) => [file, new Set(file.dependency)]));
  const add = (name, declared) => {
    const { message, file } = messages.get(name);
    for (const [field, text] of Object.entries(declared)) {
      // A few have another number or type now.
      message.field = message.field.filter((one) => one.name !== field);
      message.field.push(parse(field, text, name, message, make));
      for (const type of typesOf(text)) {
        const needed = (messages.get(type) ?? enums.get(type))?.file;
        if (needed !== undefined && needed !== file) needs.get(file).add(needed.name);
      }
    }
  };
  for (const [name, declared] of Object.entries(fields)) if (messages.has(name)) add(name, declared);
  for (const [name, { fields: declared }] of Object.entries(newMessages)) add(name, declared);
  return ordered(files, needs);
}

function ordered(files, needs) {
  const done = new Set();
  const visit = (file) => {
    if (done.has(file)) return;
    done.add(file);
    file.dependency = [...needs.get(file)];
    for (const name of file.dependency) if (files.has(name)) visit(files.get(name));
    sorted.push(file);
  };
  const sorted = [];
  for (const file of files.values()) visit(file);
  return create(wkt.FileDescriptorSetSchema, { file: sorted });
}
