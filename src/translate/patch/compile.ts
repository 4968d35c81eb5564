/**
 * A patch as the user wrote it → a patch to apply. Its value is JSON of an Envoy message, in snake_case or camelCase. A field that the message
 * does not have is left out; an unknown type or enum value refuses the patch and nothing else (EF-020, EF-021). Nothing here throws.
 */
import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import type { EnvoyFilter } from '../../api/extensions.js';
import { type FieldPath, formatPath, type Problem } from '../../api/problem.js';
import { keyOf } from '../../api/resource.js';
import type { ConfigPatch } from '../../model/envoy-filters.js';
import { BOOTSTRAP } from './bootstrap.js';
import { envoyType, envoyTypes } from './envoy-types.js';
import { explainJson } from './explain-json.js';
import { fromGoJson } from './go-json.js';
import type { ApplyTo, Operation, Patch } from './patch.js';

interface Target {
  /** Full name of the message that the value is. */
  readonly type: string;
  readonly operations: readonly Operation[];
}

const FILTER: readonly Operation[] = ['ADD', 'INSERT_FIRST', 'INSERT_BEFORE', 'INSERT_AFTER', 'REPLACE', 'REMOVE', 'MERGE'];
const WHOLE: readonly Operation[] = ['ADD', 'REMOVE', 'MERGE', 'MERGE_AND_REPLACE_LIST'];
const HCM = 'envoy.extensions.filters.network.http_connection_manager.v3';

const TARGETS: Readonly<Record<ApplyTo, Target>> = {
  CLUSTER: { type: 'envoy.config.cluster.v3.Cluster', operations: WHOLE },
  LISTENER: { type: 'envoy.config.listener.v3.Listener', operations: WHOLE },
  LISTENER_FILTER: { type: 'envoy.config.listener.v3.ListenerFilter', operations: FILTER },
  FILTER_CHAIN: { type: 'envoy.config.listener.v3.FilterChain', operations: WHOLE },
  NETWORK_FILTER: { type: 'envoy.config.listener.v3.Filter', operations: FILTER },
  HTTP_FILTER: { type: `${HCM}.HttpFilter`, operations: FILTER },
  ROUTE_CONFIGURATION: { type: 'envoy.config.route.v3.RouteConfiguration', operations: ['MERGE', 'MERGE_AND_REPLACE_LIST'] },
  VIRTUAL_HOST: { type: 'envoy.config.route.v3.VirtualHost', operations: [...WHOLE, 'REPLACE'] },
  HTTP_ROUTE: { type: 'envoy.config.route.v3.Route', operations: [...WHOLE, 'INSERT_FIRST', 'INSERT_BEFORE', 'INSERT_AFTER'] },
  EXTENSION_CONFIG: { type: 'envoy.config.core.v3.TypedExtensionConfig', operations: ['ADD'] },
  BOOTSTRAP: { type: BOOTSTRAP, operations: ['MERGE', 'MERGE_AND_REPLACE_LIST'] },
};

/** Resources are known by their names: one without cannot be served. */
const NAMED: readonly ApplyTo[] = ['CLUSTER', 'LISTENER', 'EXTENSION_CONFIG'];

export interface CompiledFilter {
  /** By place in the list; undefined where the patch was refused or is for no proxy of ours. */
  readonly patches: readonly (Patch | undefined)[];
  /** Codes: `unknown-field` and `bad-value` for what is wrong in a value, `envoy-filter` for the rest. */
  readonly problems: readonly Problem[];
}

export function compileEnvoyFilter(row: EnvoyFilter): CompiledFilter {
  const problems: Problem[] = [];
  const patches = (row.spec.configPatches ?? []).map((config, i) => compile(config, i, row, problems));
  return { patches, problems };
}

function compile(config: ConfigPatch, index: number, row: EnvoyFilter, problems: Problem[]): Patch | undefined {
  const report = (severity: Problem['severity'], steps: FieldPath, message: string, code?: string): undefined => {
    problems.push(patchProblem(row, index, severity, steps, message, code));
  };
  const { applyTo, patch, match = {} } = config;
  const context = (match as { context?: Patch['context'] | 'WAYPOINT' }).context ?? 'ANY';
  if (context === 'WAYPOINT') return report('warning', ['match', 'context'], 'has no effect: there are no waypoints here');
  const target = applyTo === undefined || applyTo === 'INVALID' ? undefined : TARGETS[applyTo];
  if (target === undefined) return report('error', ['applyTo'], 'must be set');
  const operation = normalOperation(patch?.operation ?? 'INVALID', target);
  if (operation === undefined)
    return report('error', ['patch', 'operation'], `${patch?.operation ?? 'INVALID'} is not possible for applyTo ${applyTo}`);
  const needsFilter = operation === 'REPLACE' || operation === 'REMOVE' || (operation === 'MERGE' && applyTo === 'LISTENER_FILTER');
  if (needsFilter && !namesItsFilter(applyTo as ApplyTo, match)) {
    return report('warning', ['match'], `has no effect: ${operation} for applyTo ${applyTo} needs the name of a filter`);
  }
  const type = envoyType(target.type);
  const common = { id: `${keyOf(row)}#${index}`, applyTo: applyTo as ApplyTo, operation, context, match, type };
  if (operation === 'REMOVE') return common;
  const given = patch?.value as JsonValue | undefined;
  if (given === undefined) return report('error', ['patch', 'value'], `must be set for operation ${operation}`);
  const { json, unknown, wrong } = fromGoJson(type, given);
  const [first] = wrong;
  if (first !== undefined) return report('error', ['patch', 'value', ...first.path], first.message, 'bad-value');
  for (const { path, message } of unknown) report('warning', ['patch', 'value', ...path], `${message}; it is left out`, 'unknown-field');
  try {
    const value = fromJson(type, json, { registry: envoyTypes() });
    if (operation === 'ADD' && NAMED.includes(common.applyTo) && (value as { name?: string }).name === '') {
      return report('error', ['patch', 'value', 'name'], 'must be set');
    }
    return { ...common, value };
  } catch (error) {
    const { path, message } = explainJson(type, json, error);
    return report('error', ['patch', 'value', ...path], message, 'bad-value');
  }
}

/** Filters are replaced and removed one at a time. (Network and HTTP filters may be merged without a name: into all of the type.) */
function namesItsFilter(applyTo: ApplyTo, match: Patch['match']): boolean {
  const filter = match.listener?.filterChain?.filter;
  if (applyTo === 'LISTENER_FILTER') return (match.listener?.listenerFilter ?? '') !== '';
  if (applyTo === 'NETWORK_FILTER') return filter !== undefined;
  return applyTo !== 'HTTP_FILTER' || filter?.subFilter !== undefined;
}

function normalOperation(given: string, { operations }: Target): Operation | undefined {
  const wanted = given as Operation;
  if (operations.includes(wanted)) return wanted;
  return given.startsWith('INSERT_') && operations.includes('ADD') ? 'ADD' : undefined;
}

/** A problem with one patch, at its place in the EnvoyFilter. */
function patchProblem(
  row: EnvoyFilter,
  index: number,
  severity: Problem['severity'],
  steps: FieldPath,
  message: string,
  code = 'envoy-filter',
): Problem {
  const path = ['spec', 'configPatches', index, ...steps];
  const { namespace, name } = row.metadata;
  const resource = { kind: row.kind, namespace, name };
  return { severity, code, message, field: formatPath(path), path, resource, ...(row.location && { location: row.location }) };
}
