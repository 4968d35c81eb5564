/**
 * How fields.json says what a field is: `14 envoy.config.core.v3.RuntimeFractionalPercent`, `3 repeated string`, `2 in:kind bool` (a oneof),
 * `5 optional uint32`, `6 map string uint32`. Enums are marked with `=`.
 */
import { FieldDescriptorProto_Label as Label, FieldDescriptorProto_Type as Type } from '@bufbuild/protobuf/wkt';

const SCALARS = [
  'double',
  'float',
  'int64',
  'uint64',
  'int32',
  'fixed64',
  'fixed32',
  'bool',
  'string',
  'bytes',
  'uint32',
  'sfixed32',
  'sfixed64',
  'sint32',
  'sint64',
];
const nameOf = (type) => Type[type].toLowerCase();

const typeOf = (field) =>
  field.type === Type.MESSAGE ? field.typeName.slice(1) : field.type === Type.ENUM ? `=${field.typeName.slice(1)}` : nameOf(field.type);

/** A field as text; `message` is where it is declared. */
export function print(field, message) {
  const entry =
    field.type === Type.MESSAGE && message.nestedType.find(({ name, options }) => options?.mapEntry && field.typeName.endsWith(`.${name}`));
  if (entry) return `${field.number} map ${entry.field.map(typeOf).join(' ')}`;
  const many = field.label === Label.REPEATED ? 'repeated ' : field.proto3Optional ? 'optional ' : '';
  // Unset it is 0 by default, as the first one is.
  const isInOneof = Object.hasOwn(field, 'oneofIndex') && !field.proto3Optional;
  return `${field.number} ${isInOneof ? `in:${message.oneofDecl[field.oneofIndex].name} ` : ''}${many}${typeOf(field)}`;
}

/** The types that such a text names. */
export const typesOf = (text) =>
  text
    .split(' ')
    .filter((word) => word.includes('.'))
    .map((word) => word.replace('=', ''));

function typed(text) {
  if (SCALARS.includes(text)) return { type: Type[text.toUpperCase()] };
  return text.startsWith('=') ? { type: Type.ENUM, typeName: `.${text.slice(1)}` } : { type: Type.MESSAGE, typeName: `.${text}` };
}

const camel = (name) => name.replace(/_+(.)/g, (_, letter) => letter.toUpperCase());

/** What such a text declares, to be added to a message of this full name; `create` makes descriptors. */
export function parse(name, text, fullName, message, create) {
  const [number, ...words] = text.split(' ');
  const field = { name, jsonName: camel(name), number: Number(number), label: Label.OPTIONAL };
  if (words[0] === 'map') {
    const entry = `${camel(`_${name}`)}Entry`;
    const part = (partName, n) => create.field({ name: partName, jsonName: partName, number: n, label: Label.OPTIONAL, ...typed(words[n]) });
    message.nestedType.push(create.message({ name: entry, field: [part('key', 1), part('value', 2)], options: create.mapEntry() }));
    return create.field({ ...field, label: Label.REPEATED, type: Type.MESSAGE, typeName: `.${fullName}.${entry}` });
  }
  const oneof = words[0].startsWith('in:') ? words.shift().slice(3) : words[0] === 'optional' ? `_${name}` : undefined;
  if (words[0] === 'optional') Object.assign(field, { proto3Optional: !!words.shift() });
  if (words[0] === 'repeated') Object.assign(field, { label: words.shift() && Label.REPEATED });
  if (oneof !== undefined) {
    const at = message.oneofDecl.findIndex((one) => one.name === oneof);
    Object.assign(field, { oneofIndex: at < 0 ? message.oneofDecl.push(create.oneof({ name: oneof })) - 1 : at });
  }
  return create.field({ ...field, ...typed(words[0]) });
}
