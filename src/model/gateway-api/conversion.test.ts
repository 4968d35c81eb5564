/** Pure parts of the conversion that no golden case shows. */
import { describe, expect, test } from '@jest/globals';
import type { Resource } from '../../api/resource.js';
import { resolveBackend } from './backends.js';
import { gatewayServices, roleOf } from './classes.js';
import { Refused } from './finding.js';
import { httpRules } from './http-rules.js';
import { chosenNamespaces, selectsLabels } from './label-selector.js';
import { conflicts } from './listener-conflicts.js';
import { originOf, ownerOf } from './names.js';
import { isGranted } from './references.js';
import type { GatewayRow, GrantRow, HttpRouteRow, HttpRule } from './types.js';

const row = <K extends string, S>(kind: K, spec: S): Resource<K, S> => ({
  kind,
  apiVersion: 'gateway.networking.k8s.io/v1',
  metadata: { name: 'it', namespace: 'ns', labels: {}, annotations: {} },
  spec,
  createdAt: 0,
});
const references = {
  hasService: () => true,
  hasHostname: () => true,
  isGranted: () => false,
  domain: 'cluster.local',
  importDomain: 'clusterset.local',
};
const context = { kind: 'HTTPRoute' as const, namespace: 'ns', isMesh: false, references };
const convert = (rule: HttpRule) => httpRules(row('HTTPRoute', { rules: [rule] }) as HttpRouteRow, context);

describe('timeouts and retries (GA-014)', () => {
  const backendRefs = [{ name: 'a', port: 80 }];

  test('one attempt’s timeout is the request’s when nothing is retried, and zero is none', () => {
    expect(convert({ backendRefs, timeouts: { request: '10s', backendRequest: '2s' } }).routes[0]).toMatchObject({ timeout: '2s' });
    expect(convert({ backendRefs, timeouts: { request: '0s' } }).routes[0]).not.toHaveProperty('timeout');
  });

  test('no attempts switch retries off', () => {
    expect(convert({ backendRefs, retry: { attempts: 0, codes: [503] } }).routes[0]?.retries).toEqual({ attempts: 0 });
  });
});

describe('what the API server fills in (GA-011)', () => {
  const routes = (spec: object) => httpRules(row('HTTPRoute', spec) as HttpRouteRow, context).routes;

  test('no rules are one that takes everything, no matches one of every path; empty matches stay empty', () => {
    const everything = [{ uri: { prefix: '/' } }];
    expect(routes({})).toMatchObject([{ match: everything, directResponse: { status: 500 } }]);
    expect(routes({ rules: [{}] })).toMatchObject([{ match: everything }]);
    expect(routes({ rules: [{ matches: [] }] })[0]).not.toHaveProperty('match');
    expect(routes({ rules: [] })).toEqual([]);
  });
});

describe('backends (GA-013, GA-019)', () => {
  const at = (ref: object, isMesh = false) => resolveBackend({ name: 'a', port: 80, ...ref }, 'spec', { ...context, isMesh });

  test('another namespace needs a grant at a gateway, not in the mesh', () => {
    expect(at({ namespace: 'other' })).toMatchObject({ destination: { host: '' }, finding: { code: 'reference-not-permitted' } });
    expect(at({ namespace: 'other' }, true)).toEqual({ destination: { host: 'a.other.svc.cluster.local', port: { number: 80 } } });
  });

  test('Hostname means a ServiceEntry’s host', () =>
    expect(at({ group: 'networking.istio.io', kind: 'Hostname', name: 'x.test' })).toEqual({
      destination: { host: 'x.test', port: { number: 80 } },
    }));

  test('SD-061: a ServiceImport means the host of the cluster set', () =>
    expect(at({ group: 'multicluster.x-k8s.io', kind: 'ServiceImport' })).toEqual({
      destination: { host: 'a.ns.svc.clusterset.local', port: { number: 80 } },
    }));

  test('what is malformed is refused, not sent nowhere', () => {
    expect(() => at({ port: undefined })).toThrow(Refused);
    expect(() => at({ name: 'a.b' })).toThrow(Refused);
  });

  test('session persistence is told of', () =>
    expect(convert({ sessionPersistence: {} }).findings).toEqual([
      { code: 'unsupported', message: 'session persistence is not supported', field: 'spec.rules[0].sessionPersistence' },
    ]));

  test('a grant holds for its kinds, namespaces and names', () => {
    const grant = row('ReferenceGrant', {
      from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'ns' }],
      to: [{ group: '', kind: 'Service', name: 'a' }],
    }) as GrantRow;
    const may = (kind: string, namespace: string, name: string) =>
      isGranted([grant], { kind: `gateway.networking.k8s.io/${kind}`, namespace }, '/Service', name);
    expect(may('HTTPRoute', 'ns', 'a')).toBe(true);
    expect([may('GRPCRoute', 'ns', 'a'), may('HTTPRoute', 'other', 'a'), may('HTTPRoute', 'ns', 'b')]).toEqual([false, false, false]);
  });
});

describe('listeners', () => {
  test('GA-024 the first of listeners that can’t be told apart wins; one that lost takes nothing away', () => {
    const on = (protocol: string, hostname?: string) => ({ name: 'x', port: 80, protocol, ...(hostname === undefined ? {} : { hostname }) });
    const lost = conflicts([on('HTTP', 'a'), on('TCP'), on('HTTP', 'b'), on('HTTP', 'a'), on('UDP')]);
    expect([...lost]).toEqual([
      [1, 0],
      [3, 0],
      [4, 0],
    ]);
  });

  test('GA-010 namespaces are asked for only by a selector', () => {
    const none = () => {
      throw new Error('asked');
    };
    expect(chosenNamespaces({}, 'own', 'Same', none)).toEqual(['own']);
    expect(chosenNamespaces({}, 'own', 'None', none)).toEqual([]);
    expect(chosenNamespaces({ from: 'All' }, 'own', 'Same', none)).toBe('*');
  });

  test.each([
    ['In', ['a'], true],
    ['NotIn', ['a'], false],
    ['Exists', [], true],
    ['DoesNotExist', [], false],
    ['Sometimes', [], false],
  ])('a selector’s operator %s', (operator, values, selected) =>
    expect(selectsLabels({ matchExpressions: [{ key: 'k', operator, values }] }, { k: 'a' })).toBe(selected),
  );
});

describe('Gateways (GA-001, GA-005)', () => {
  test('classes are ours by their controller', () => {
    const controlled = (controllerName: string) => row('GatewayClass', { controllerName });
    expect(roleOf('istio', undefined)).toBe('served');
    expect(roleOf('mine', undefined)).toBe('unknown');
    expect(roleOf('mine', controlled('istio.io/gateway-controller'))).toBe('served');
    expect(roleOf('istio', controlled('example.test/other'))).toBe('foreign');
  });

  test('addresses name the Services in front; without any the Gateway has its own', () => {
    const services = (addresses?: object[]) =>
      gatewayServices(row('K8sGateway', { gatewayClassName: 'istio', ...(addresses && { addresses }) }) as GatewayRow, 'cluster.local').hostnames;
    expect(services()).toEqual(['it-istio.ns.svc.cluster.local']);
    expect(services([{ value: '1.2.3.4' }])).toEqual(['it-istio.ns.svc.cluster.local']);
    expect(services([{ type: 'Hostname', value: 'edge' }])).toEqual(['edge.ns.svc.cluster.local']);
  });
});

describe('names', () => {
  test('keys tell where a row comes from', () => {
    expect(originOf('a/ns~gw~istio-autogenerated-k8s-gateway~http~*.x.test')).toEqual({
      from: 'listener',
      internalGateway: 'ns/gw~istio-autogenerated-k8s-gateway~http',
    });
    expect(originOf('a/a~80~svc.a.svc.cluster.local')).toEqual({ from: 'mesh' });
    expect(originOf('a/r~tcp~0~istio-autogenerated-k8s-gateway')).toEqual({ from: 'stream', kind: 'TCPRoute', route: 'a/r' });
    expect(originOf('a/plain')).toBeUndefined();
    expect(ownerOf('ns/gw~istio-autogenerated-k8s-gateway~http')).toEqual({ key: 'ns/gw', listener: 'http' });
    expect(ownerOf('ns/plain')).toBeUndefined();
  });
});
