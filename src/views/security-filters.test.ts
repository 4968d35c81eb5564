import { beforeEach, describe, expect, test } from '@jest/globals';
import type { AnyRow, Kind } from '../api/kinds.js';
import { Graph } from '../graph/graph.js';
import { defineMesh } from '../model/define-mesh.js';
import type { Mesh } from '../model/mesh.js';
import { NO_SECURITY } from '../translate/http-filter/security.js';
import { defineSecurityFilterViews, type SecurityFilterViews } from './security-filters.js';

let mesh: Mesh;
let views: SecurityFilterViews;
beforeEach(() => {
  mesh = defineMesh(new Graph());
  views = defineSecurityFilterViews(mesh);
});

function put(kind: Kind, key: string, spec: object, createdAt = 0): void {
  const [namespace = '', name = ''] = key.split('/');
  const row = { kind, apiVersion: 'v1', metadata: { name, namespace, labels: {}, annotations: {} }, spec, createdAt } as unknown as AnyRow;
  mesh.graph.transaction(() => mesh.rows.of(kind).set(row as never));
}
const cart = { namespace: 'shop', labels: { app: 'cart' } };
const pay = { namespace: 'shop', labels: { app: 'pay' } };
const other = { namespace: 'other', labels: {} };
const deny = { action: 'DENY', rules: [{}] };

describe('security filters of workloads', () => {
  test('without policies there are none', () => expect(views.of(cart, 'sidecar')).toBe(NO_SECURITY));

  test('AZ-001: root namespace for all, namespace for its own, selector for its workloads', () => {
    put('AuthorizationPolicy', 'istio-system/root', { ...deny, selector: { matchLabels: { app: 'pay' } } });
    expect([cart, pay, other].map((at) => views.of(at, 'sidecar').http.rbac.length)).toEqual([0, 1, 0]);
    put('AuthorizationPolicy', 'other/own', {});
    expect([cart, pay, other].map((at) => views.of(at, 'sidecar').http.rbac.length)).toEqual([0, 1, 1]);
    put('AuthorizationPolicy', 'istio-system/all', { action: 'AUDIT', rules: [{}] });
    expect([cart, pay, other].map((at) => views.of(at, 'sidecar').http.rbac.length)).toEqual([1, 2, 2]);
  });

  test('a policy changes what it is for and nothing else', () => {
    put('AuthorizationPolicy', 'shop/pay', { ...deny, selector: { matchLabels: { app: 'pay' } } });
    put('AuthorizationPolicy', 'shop/cart', { ...deny, selector: { matchLabels: { app: 'cart' } } });
    const before = [views.of(cart, 'sidecar'), views.of(pay, 'sidecar')];
    put('AuthorizationPolicy', 'shop/pay', { selector: { matchLabels: { app: 'pay' } } });
    expect(views.of(cart, 'sidecar')).toBe(before[0]);
    expect(views.of(pay, 'sidecar')).not.toBe(before[1]);
  });

  test('AZ-031: an authorizer that comes to be is asked, one in two namespaces only by its namespace', () => {
    const provider = (service: string) => [{ name: 'opa', envoyExtAuthzHttp: { service, port: 80 } }];
    put('MeshConfig', '/mesh', { extensionProviders: provider('opa.example') });
    put('AuthorizationPolicy', 'shop/ask', { action: 'CUSTOM', provider: { name: 'opa' }, rules: [{}] });
    const names = (): string[] => views.of(cart, 'sidecar').http.custom.map(({ name }) => name);
    expect(names()).toEqual(['envoy.filters.http.rbac']);
    const entry = { hosts: ['opa.example'], ports: [{ number: 80, name: 'http', protocol: 'HTTP' }], resolution: 'DNS' };
    put('ServiceEntry', 'a/opa', entry);
    expect(names()).toEqual(['envoy.filters.http.rbac', 'envoy.filters.http.ext_authz']);
    put('ServiceEntry', 'b/opa', entry);
    expect(names()).toEqual(['envoy.filters.http.rbac']);
    put('MeshConfig', '/mesh', { extensionProviders: provider('b/opa.example') });
    expect(names()).toEqual(['envoy.filters.http.rbac', 'envoy.filters.http.ext_authz']);
  });

  test('AZ-006: of two providers with one name neither is used', () => {
    const http = { envoyExtAuthzHttp: { service: 'opa.example', port: 80 } };
    put('ServiceEntry', 'a/opa', { hosts: ['opa.example'], ports: [{ number: 80, name: 'http', protocol: 'HTTP' }], resolution: 'DNS' });
    put('MeshConfig', '/mesh', {
      extensionProviders: [
        { name: 'opa', ...http },
        { name: 'opa', ...http },
      ],
    });
    put('AuthorizationPolicy', 'shop/ask', { action: 'CUSTOM', provider: { name: 'opa' }, rules: [{}] });
    expect(views.of(cart, 'sidecar').http.custom).toHaveLength(1);
  });

  test('RA-004: keys that arrive change the workloads that asked for them', () => {
    put('RequestAuthentication', 'shop/jwt', { selector: { matchLabels: { app: 'cart' } }, jwtRules: [{ issuer: 'a', jwksUri: 'https://a/k' }] });
    const before = [views.of(cart, 'sidecar'), views.of(pay, 'sidecar')];
    mesh.graph.transaction(() =>
      mesh.rows.jwks.set({
        source: 'keys https://a/k',
        jwks: '{"keys":[{"kty":"OKP","crv":"Ed25519","x":"tellx-dtwMnnKBvIzkv6QZTHmuT6vMuI40sePPN4WrE"}]}',
      }),
    );
    expect(views.of(cart, 'sidecar').http.jwt).not.toEqual(before[0]?.http.jwt);
    expect(views.of(pay, 'sidecar')).toBe(before[1]);
  });
});
