/**
 * Which DestinationRule holds for a service as one client scope sees it (features section DR). The choice needs only names; the merged
 * rule and its policies are queries of their own, so that an edited policy reaches just the clusters made from it.
 */
import { isDeepStrictEqual } from 'node:util';
import type { TrafficPolicy } from '../api/istio.js';
import type { Graph } from '../graph/graph.js';
import { mergeSpecs } from './destination-rule-merge.js';
import { buildRuleTable, findRules, type MergedRule, type RuleTable } from './destination-rule-table.js';
import { selects } from './labels.js';
import type { DestinationRules, Mesh, RuleClient, SelectedRule } from './mesh.js';
import type { OutboundScope } from './scope.js';
import type { Port, Service } from './service.js';
import type { ModelSettings } from './services.js';
import { effectivePolicy } from './traffic-policy.js';
import { isVisibleTo, parseVisibility } from './visibility.js';

const SEPARATOR = ',';

export function defineDestinationRules(
  graph: Graph,
  mesh: Pick<Mesh, 'rows' | 'config' | 'derived'> & { readonly settings: Pick<ModelSettings, 'domain'> },
): DestinationRules {
  const { settings } = mesh;
  const rows = mesh.rows.of('DestinationRule');
  const byNamespace = rows.index('namespace', (row) => [row.metadata.namespace]);

  const defaults = graph.query(
    'destinationRuleDefaults',
    (): { readonly exportTo: readonly string[]; readonly rootNamespace: string } => {
      const { defaultDestinationRuleExportTo, rootNamespace } = mesh.config();
      return { exportTo: defaultDestinationRuleExportTo, rootNamespace };
    },
    { equals: isDeepStrictEqual },
  );
  const visibilityOf = (rule: MergedRule) => parseVisibility(rule.exportTo, rule.namespace, defaults.get('').exportTo);
  const table = (name: string, include: (rule: MergedRule) => boolean) =>
    graph.query(
      name,
      (namespace: string): RuleTable =>
        buildRuleTable([...byNamespace.get(namespace).values(), ...mesh.derived.destinationRulesIn(namespace)], settings.domain, include),
      {
        equals: isDeepStrictEqual,
      },
    );
  /** For clients of the rules' own namespace. Without exportTo every rule counts there, whatever the mesh's default. */
  const local = table('destinationRulesHere', (rule) => rule.exportTo.length === 0 || isVisibleTo(visibilityOf(rule), rule.namespace));
  /** For clients elsewhere. */
  const exported = table('destinationRulesExported', (rule) => !isPrivate(rule, defaults.get('').exportTo));
  /** The root namespace's rules are the mesh's defaults, so to its own proxies only the private ones come first. */
  const rootLocal = table('destinationRulesOfRoot', (rule) => isPrivate(rule, defaults.get('').exportTo));

  const exportedTo = (namespace: string, hostname: string, client: string): readonly MergedRule[] =>
    findRules(exported.get(namespace), hostname).filter((rule) => isVisibleTo(visibilityOf(rule), client));

  const candidates = (client: string, service: Service): readonly MergedRule[] => {
    const { rootNamespace } = defaults.get('');
    const own = findRules((client === rootNamespace ? rootLocal : local).get(client), service.hostname);
    if (own.length > 0) return own;
    const ofService = exportedTo(service.namespace, service.hostname, client);
    return ofService.length > 0 ? ofService : exportedTo(rootNamespace, service.hostname, client);
  };

  const selectKeys = (scope: RuleClient, service: Service, inbound = false): string => {
    const found = candidates(scope.namespace, service);
    // A rule for chosen workloads says how they call, not how they are called.
    const selected = inbound
      ? undefined
      : found.find((rule) => rule.selector !== undefined && rule.namespace === scope.namespace && selects(rule.selector, scope.labels));
    const chosen = selected ?? found.findLast((rule) => rule.selector === undefined);
    return chosen?.keys.join(SEPARATOR) ?? '';
  };

  const merged = graph.query(
    'destinationRule',
    (keys: string): SelectedRule | undefined => {
      const from = keys.split(SEPARATOR).flatMap((key) => rows.get(key) ?? mesh.derived.destinationRule(key) ?? []);
      const rule = from[0];
      return rule === undefined ? undefined : { rule, from, spec: mergeSpecs(from) };
    },
    { equals: isDeepStrictEqual },
  );
  const subsetNames = graph.query(
    'subsetNames',
    (keys: string): readonly string[] => (merged.get(keys)?.spec.subsets ?? []).map(({ name }) => name),
    {
      equals: isDeepStrictEqual,
    },
  );
  const get = (keys: string): SelectedRule | undefined => (keys === '' ? undefined : merged.get(keys));

  return {
    selectKeys,
    get,
    subsetNames: (keys) => (keys === '' ? [] : subsetNames.get(keys)),
    select: (scope, service) => get(selectKeys(scope, service)),
    trafficPolicy(scope: OutboundScope, service: Service, port: Port, subset?: string): TrafficPolicy | undefined {
      return effectivePolicy(mesh.config().defaultTrafficPolicy, get(selectKeys(scope, service))?.spec, port.port, subset);
    },
  };
}

/** Seen by its own namespace only; without exportTo that is the mesh's default to say. */
function isPrivate({ exportTo, namespace }: MergedRule, meshDefault: readonly string[]): boolean {
  if (exportTo.length === 0) return meshDefault.includes('.');
  return exportTo.length === 1 && (exportTo[0] === '.' || exportTo[0] === namespace);
}
