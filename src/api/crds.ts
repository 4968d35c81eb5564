/**
 * Istio's custom resource definitions, made of the shapes that we check by (VA-003): for clusters that have none. What relates values to each
 * other beyond "one of these fields" is left to the validating webhook. A cluster that has Istio's own keeps them: they say the same.
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/
 */
import { KINDS, type Kind, type KindInfo } from './kinds.js';
import { shapes } from './shapes/index.js';
import type { Shape } from './shapes/shape.js';

type Json = Record<string, unknown>;

/** What `kubectl get` shows, and short names, where Istio's have them. */
const SHOWN: Readonly<Partial<Record<Kind, { short?: string; columns?: Readonly<Record<string, string>> }>>> = {
  DestinationRule: { short: 'dr', columns: { Host: '.spec.host' } },
  Gateway: { short: 'gw' },
  ServiceEntry: { short: 'se', columns: { Hosts: '.spec.hosts', Location: '.spec.location', Resolution: '.spec.resolution' } },
  VirtualService: { short: 'vs', columns: { Gateways: '.spec.gateways', Hosts: '.spec.hosts' } },
  WorkloadEntry: { short: 'we', columns: { Address: '.spec.address' } },
  WorkloadGroup: { short: 'wg' },
  AuthorizationPolicy: { short: 'ap', columns: { Action: '.spec.action' } },
  PeerAuthentication: { short: 'pa', columns: { Mode: '.spec.mtls.mode' } },
  RequestAuthentication: { short: 'ra' },
  Telemetry: { short: 'telemetry' },
};
/** The version that is stored; for all other kinds it is the newest. */
const STORED: Readonly<Partial<Record<Kind, string>>> = { Telemetry: 'v1alpha1' };

/** One definition per kind of Istio's groups, in the order of their names. */
export function istioCrds(): Json[] {
  return KINDS.filter(({ group }) => group.endsWith('.istio.io') && group !== 'mesh.istio.io')
    .map(crd)
    .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

const nameOf = (definition: Json): string => (definition['metadata'] as { name: string }).name;

function crd({ kind, yamlKind, group, plural, versions }: KindInfo): Json {
  const { short, columns = {} } = SHOWN[kind] ?? {};
  const printed = [
    ...Object.entries(columns).map(([name, jsonPath]) => ({ name, type: 'string', jsonPath })),
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ];
  const spec = shapes[kind];
  if (spec === undefined) throw new Error(`crds: ${kind} has no shape`);
  const properties = { spec: schemaOf(spec), status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}`, labels: { 'app.kubernetes.io/name': 'mizzen' }, annotations: { 'helm.sh/resource-policy': 'keep' } },
    spec: {
      group,
      names: {
        categories: ['istio-io', group.replace('.istio.io', '-istio-io')],
        kind: yamlKind,
        listKind: `${yamlKind}List`,
        plural,
        singular: yamlKind.toLowerCase(),
        ...(short && { shortNames: [short] }),
      },
      scope: 'Namespaced',
      versions: versions.map((name) => ({
        name,
        served: true,
        storage: name === (STORED[kind] ?? versions[0]),
        additionalPrinterColumns: printed,
        subresources: { status: {} },
        schema: { openAPIV3Schema: { type: 'object', properties } },
      })),
    },
  };
}

const OPEN = { 'x-kubernetes-preserve-unknown-fields': true };
const TYPES = { list: 'array', map: 'object', object: 'object', string: 'string', integer: 'integer', number: 'number', boolean: 'boolean' } as const;

/** A shape as a structural OpenAPI schema. Its `checks` are functions, and stay with us. */
export function schemaOf(shape: Shape): Json {
  if (shape.type === 'any') return { ...OPEN };
  const fields = Object.entries(shape.fields ?? {});
  return {
    type: TYPES[shape.type],
    ...(shape.type === 'integer' && { format: 'int64' }),
    ...(fields.length > 0 && { properties: Object.fromEntries(fields.map(([name, field]) => [name, schemaOf(field)])) }),
    ...((shape.open === true || (shape.type === 'object' && fields.length === 0)) && OPEN),
    ...(shape.type === 'list' && { items: schemaOf(shape.items ?? { type: 'any' }) }),
    ...(shape.type === 'map' && { additionalProperties: schemaOf(shape.items ?? { type: 'any' }) }),
    ...(shape.nullable === true && { nullable: true }),
    ...(shape.required && { required: shape.required }),
    ...(shape.pattern !== undefined && { pattern: shape.pattern }),
    ...enumOf(shape),
    ...limitsOf(shape),
    ...groupsOf(shape),
  };
}

const enumOf = ({ values, enum: numbers }: Shape): Json => {
  const allowed = values ?? numbers;
  return allowed === undefined ? {} : { enum: allowed };
};

const LIMITS = {
  list: ['minItems', 'maxItems'],
  map: ['minProperties', 'maxProperties'],
  object: ['minProperties', 'maxProperties'],
  string: ['minLength', 'maxLength'],
  integer: ['minimum', 'maximum'],
  number: ['minimum', 'maximum'],
  boolean: undefined,
  any: undefined,
} as const;

function limitsOf({ type, min, max }: Shape): Json {
  const names = LIMITS[type];
  return names === undefined ? {} : { ...(min !== undefined && { [names[0]]: min }), ...(max !== undefined && { [names[1]]: max }) };
}

/** Of a group of fields, at most or exactly one. */
function groupsOf({ atMostOne = [], exactlyOne = [] }: Shape): Json {
  const required = (group: readonly string[]): Json[] => group.map((field) => ({ required: [field] }));
  const rules = [
    ...atMostOne.map((group) => ({ oneOf: [{ not: { anyOf: required(group) } }, ...required(group)] })),
    ...exactlyOne.map((group) => ({ oneOf: required(group) })),
  ];
  if (rules.length === 0) return {};
  return rules.length === 1 ? rules[0]! : { allOf: rules };
}
