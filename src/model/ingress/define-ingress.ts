/**
 * Ingress as derived rows. Hosts are shared by all Ingresses, so one query makes all rows; those that stay equal change nothing below.
 * Which Ingresses are ours: IG-001, IG-007.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Gateway, VirtualService } from '../../api/istio.js';
import type { Ingress } from '../../api/kubernetes.js';
import type { EffectiveMeshConfig } from '../../api/mesh-config.js';
import { keyOf } from '../../api/resource.js';
import type { Graph } from '../../graph/graph.js';
import type { DerivedRows } from '../derived-rows.js';
import type { HostOwnership } from '../host-ownership.js';
import { selects } from '../labels.js';
import type { Mesh } from '../mesh.js';
import type { ModelSettings } from '../services.js';
import { type IngressRows, ingressRows } from './ingress-rows.js';

const CONTROLLER = 'istio.io/ingress-controller';
const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';
/** Where the gateways of an ordinary installation are, and what they are called there. */
const DEFAULT_SERVICE = 'istio-ingressgateway';
const DEFAULT_LABEL = 'ingressgateway';

type Settings = Pick<EffectiveMeshConfig, 'ingressClass' | 'ingressControllerMode' | 'ingressService' | 'ingressSelector' | 'rootNamespace'>;

export function defineIngress(
  graph: Graph,
  {
    rows,
    config,
    settings,
    ownership,
  }: Pick<Mesh, 'rows' | 'config'> & { readonly settings: Pick<ModelSettings, 'domain'>; readonly ownership: () => HostOwnership | undefined },
): DerivedRows & { readonly isOurs: (row: Ingress) => boolean } {
  const ingresses = rows.of('Ingress');
  const options = graph.query(
    'ingressSettings',
    (): Settings => {
      const { ingressClass, ingressControllerMode, ingressService, ingressSelector, rootNamespace } = config();
      return { ingressClass, ingressControllerMode, ingressService, rootNamespace, ...(ingressSelector === undefined ? {} : { ingressSelector }) };
    },
    { equals: isDeepStrictEqual },
  );
  const isOurs = (row: Ingress): boolean => {
    const { ingressClass, ingressControllerMode: mode } = options.get('');
    const annotated = row.metadata.annotations[CLASS_ANNOTATION];
    if (annotated !== undefined) return mode !== 'OFF' && annotated === ingressClass;
    const { ingressClassName } = row.spec;
    const found = ingressClassName === undefined ? undefined : rows.of('IngressClass').get(`/${ingressClassName}`);
    if (found !== undefined) return found.spec['controller'] === CONTROLLER;
    return mode === 'DEFAULT';
  };
  const all = graph.query(
    'ingressRows',
    (): IngressRows => {
      const list = [...ingresses.list().values()];
      if (list.length === 0) return { gateways: [], virtualServices: [], findings: [] };
      const { ingressService, ingressSelector, rootNamespace } = options.get('');
      const label = ingressSelector || (ingressService && ingressService !== DEFAULT_SERVICE ? ingressService : DEFAULT_LABEL);
      return ingressRows(list.filter(isOurs), {
        rootNamespace,
        selector: { istio: label },
        domain: settings.domain,
        ownsHost: (namespace, host) => ownership()?.ownsHost(namespace, host) ?? true,
        service: (namespace, name) => rows.of('Service').get(`${namespace}/${name}`)?.spec,
      });
    },
    { equals: isDeepStrictEqual },
  );
  const gateway = graph.query('ingressGateway', (key: string): Gateway | undefined => all.get('').gateways.find((row) => keyOf(row) === key), {
    equals: isDeepStrictEqual,
  });
  const virtualService = graph.query(
    'ingressVirtualService',
    (key: string): VirtualService | undefined => all.get('').virtualServices.find((row) => keyOf(row) === key),
    { equals: isDeepStrictEqual },
  );
  return {
    gateway: (key) => gateway.get(key),
    gatewaysFor: ({ labels }) => all.get('').gateways.filter(({ spec }) => selects(spec.selector ?? {}, labels)),
    virtualService: (key) => virtualService.get(key),
    virtualServicesOf: (name) =>
      all.get('').virtualServices.flatMap((row) => (row.spec.gateways?.includes(name) === true ? (virtualService.get(keyOf(row)) ?? []) : [])),
    destinationRule: () => undefined,
    destinationRulesIn: () => [],
    listenerSetsOf: () => [],
    findings: () => all.get('').findings,
    isOurs,
  };
}
