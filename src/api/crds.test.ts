import { describe, expect, test } from '@jest/globals';
import { istioCrds, schemaOf } from './crds.js';
import { obj, oneOf, str } from './shapes/shape.js';

interface Crd {
  metadata: { name: string };
  spec: { versions: { name: string; storage: boolean; schema: { openAPIV3Schema: { properties: { spec: Record<string, unknown> } } } }[] };
}
const all = istioCrds() as unknown as Crd[];
const of = (name: string): Crd => all.find(({ metadata }) => metadata.name === name)!;

describe("Istio's definitions", () => {
  test('VA-003: there are fifteen, each with one stored version', () => {
    expect(all.length).toBe(15);
    for (const { spec } of all) expect(spec.versions.filter(({ storage }) => storage).length).toBe(1);
    expect(of('virtualservices.networking.istio.io').spec.versions.map(({ name }) => name)).toEqual(['v1', 'v1beta1', 'v1alpha3']);
  });

  test('VA-003: fields have types, limits and choices', () => {
    const spec = JSON.stringify(of('peerauthentications.security.istio.io').spec.versions[0]!.schema.openAPIV3Schema.properties.spec);
    expect(spec).toContain('"enum":["UNSET","DISABLE","PERMISSIVE","STRICT"]');
    expect(spec).toContain('"minProperties":1');
  });

  test('VA-003: one of several fields, as OpenAPI says it', () => {
    const group = [['a', 'b']];
    expect(schemaOf(obj({ a: str, b: str }, { atMostOne: group }))['oneOf']).toEqual([
      { not: { anyOf: [{ required: ['a'] }, { required: ['b'] }] } },
      { required: ['a'] },
      { required: ['b'] },
    ]);
    expect(schemaOf(obj({ a: str, b: oneOf(['X']) }, { exactlyOne: group, atMostOne: group }))['allOf']).toHaveLength(2);
  });

  test('VA-003: every part is structural: a type, or open', () => {
    const visit = (schema: Record<string, unknown>): void => {
      expect(schema['type'] !== undefined || schema['x-kubernetes-preserve-unknown-fields'] === true).toBe(true);
      for (const child of Object.values((schema['properties'] ?? {}) as Record<string, Record<string, unknown>>)) visit(child);
      for (const key of ['items', 'additionalProperties']) if (schema[key] !== undefined) visit(schema[key] as Record<string, unknown>);
    };
    for (const { spec } of all) for (const { schema } of spec.versions) visit(schema.openAPIV3Schema as Record<string, unknown>);
  });
});
