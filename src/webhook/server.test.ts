/** The webhooks over real HTTPS, as the API server speaks to them: certificate of our CA, AdmissionReviews in and out. */
import { request } from 'node:https';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { ServerCertificate } from '../ca/server-certificate.js';
import { authorityOf } from '../ca/testing/material.js';
import { readInjectionConfig } from '../injection/settings.js';
import { DEFAULT_MESH_CONFIG } from '../model/mesh-config.js';
import { WebhookMetrics } from './metrics.js';
import { createWebhookServer, type WebhookServer } from './server.js';

interface Answer {
  status: number;
  body: Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- answers are read by their paths
}

let server: WebhookServer;
let certificate: ServerCertificate;
let port: number;
let rootPem: string;
let ready = true;
const registry = new Registry();

beforeAll(async () => {
  const authority = await authorityOf();
  rootPem = authority.rootPem;
  certificate = new ServerCertificate(authority, { hosts: ['istiod.istio-system.svc'], onRotate: () => undefined });
  const { key, cert } = await certificate.current();
  const config = readInjectionConfig('');
  server = createWebhookServer({
    tls: { key, cert },
    metrics: new WebhookMetrics(registry),
    isReady: () => ready,
    injection: {
      config: () => config,
      meshConfig: () => DEFAULT_MESH_CONFIG,
      proxyConfig: () => DEFAULT_MESH_CONFIG.defaultConfig,
      nativeSidecars: () => true,
    },
  });
  ({ port } = await server.listen({ host: '127.0.0.1', port: 0 }));
});

afterAll(async () => {
  certificate.close();
  await server.close();
});

function ask(path: string, body: unknown, type = 'application/json'): Promise<Answer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const options = { host: '127.0.0.1', port, path, method: 'POST', ca: rootPem, servername: 'istiod.istio-system.svc', agent: false };
  return new Promise((resolve, reject) => {
    const asked = request({ ...options, headers: { 'content-type': type, 'content-length': Buffer.byteLength(text) } }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(parts).toString() || '{}') }));
    });
    asked.on('error', reject);
    asked.end(text);
  });
}

const review = (object: unknown, more: object = {}) => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: { uid: 'u-1', operation: 'CREATE', namespace: 'shop', object, ...more },
});
const pod = (metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', ...metadata },
  spec: { containers: [{ name: 'web' }] },
});
const rule = (spec: object, metadata: object = {}) => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name: 'web', namespace: 'shop', ...metadata },
  spec,
});
const patchOf = ({ body }: Answer) =>
  JSON.parse(Buffer.from(body['response'].patch, 'base64').toString()) as { op: string; path: string; value: unknown }[];

describe('/inject', () => {
  test('IN-001: a pod gets a JSON patch, the uid of the question and no message', async () => {
    const { status, body } = await ask('/inject', review(pod()));
    expect(status).toBe(200);
    expect(body).toMatchObject({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: { uid: 'u-1', allowed: true, patchType: 'JSONPatch' },
    });
    expect(patchOf({ status, body }).map(({ path }) => path)).toContain('/spec/initContainers');
  });

  test('IN-001: the path says cluster and network', async () => {
    const patch = JSON.stringify(patchOf(await ask('/inject/cluster/east/net/a--slash--b', review(pod()))));
    expect(patch).toContain('{"name":"ISTIO_META_CLUSTER_ID","value":"east"}');
    expect(patch).toContain('{"name":"ISTIO_META_NETWORK","value":"a/b"}');
  });

  test('IN-003: a pod that wants none is let through as it is', async () => {
    const { body } = await ask('/inject?timeout=10s', review(pod({ labels: { 'sidecar.istio.io/inject': 'false' } })));
    expect(body['response']).toEqual({ uid: 'u-1', allowed: true });
  });

  test('IN-022: a pod with a bad annotation is refused with the reason', async () => {
    const { body } = await ask('/inject', review(pod({ annotations: { 'sidecar.istio.io/interceptionMode': 'X' } })));
    expect(body['response']).toMatchObject({
      allowed: false,
      status: { code: 422, message: expect.stringContaining('sidecar.istio.io/interceptionMode') },
    });
  });

  test('IN-001: what is no review is refused: other content, no JSON, no request, another version, too much', async () => {
    expect((await ask('/inject', 'x', 'text/plain')).status).toBe(415);
    expect((await ask('/inject', '{')).status).toBe(400);
    expect((await ask('/inject', {})).body).toEqual({ error: 'the body is no AdmissionReview' });
    expect((await ask('/inject', { ...review(pod()), apiVersion: 'admission.k8s.io/v2' })).status).toBe(400);
    expect((await ask('/inject', '"'.padEnd(7 * 1024 * 1024, 'x'))).status).toBe(413);
  });
});

describe('/validate', () => {
  const good = { hosts: ['web'], http: [{ route: [{ destination: { host: 'web' } }] }] };

  test('VA-001 VA-002: a good resource is let in', async () => {
    expect((await ask('/validate', review(rule(good)))).body['response']).toEqual({ uid: 'u-1', allowed: true });
  });

  test('VA-001 VA-007: a bad one is refused, with the field', async () => {
    const { body } = await ask('/validate', review(rule({ ...good, http: [{ ...good.http[0], redirect: { uri: '/x' } }] })));
    expect(body['response'].allowed).toBe(false);
    expect(body['response'].status.message).toMatch(/^configuration is invalid: spec\.http\[0\]/);
  });

  test('VA-005: a field that nobody knows is refused', async () => {
    const { body } = await ask('/validate', review(rule({ ...good, htttp: [] })));
    expect(body['response'].status.message).toContain('htttp');
  });

  test('VA-001: warnings go to the user and let it in', async () => {
    const filter = {
      apiVersion: 'networking.istio.io/v1alpha3',
      kind: 'EnvoyFilter',
      metadata: { name: 'f', namespace: 'shop' },
      spec: { configPatches: [{ applyTo: 'CLUSTER', patch: { operation: 'MERGE', value: { connect_timeout: '1s' } } }] },
    };
    const { body } = await ask('/validate', review(filter));
    expect(body['response'].allowed).toBe(true);
    expect(body['response'].warnings.length).toBeGreaterThan(0);
  });

  test('VA-001: a resource that gets its name from the API server, in the namespace of the request', async () => {
    const { body } = await ask('/validate', review(rule(good, { name: undefined, namespace: undefined, generateName: 'web-' })));
    expect(body['response']).toEqual({ uid: 'u-1', allowed: true });
  });

  test('VA-001: deleting is always allowed, and so is what others define', async () => {
    expect((await ask('/validate', review(null, { operation: 'DELETE' }))).body['response'].allowed).toBe(true);
    const other = { apiVersion: 'networking.istio.io/v9', kind: 'Unknown', metadata: { name: 'x' } };
    expect((await ask('/validate', review(other))).body['response'].allowed).toBe(true);
  });
});

test('VA-001: before the mesh is there nothing is answered, so that the failure policy decides', async () => {
  ready = false;
  expect((await ask('/validate', review(rule({})))).status).toBe(503);
  expect((await ask('/inject', review(pod()))).status).toBe(503);
  ready = true;
});

test('MT-006: decisions are counted under the names of istiod', async () => {
  const text = await registry.metrics();
  expect(text).toMatch(/sidecar_injection_requests_total [1-9]/);
  expect(text).toMatch(/sidecar_injection_skip_total 1/);
  expect(text).toMatch(/galley_validation_failed\{[^}]*reason="invalid_resource"\} 2/);
});
