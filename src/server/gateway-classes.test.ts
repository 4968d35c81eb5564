import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FakeApiServer, json } from '../kubernetes/testing/fake-api-server.js';
import { parseResources } from '../sources/load.js';
import { keepGatewayClasses } from './gateway-classes.js';
import { addResources, createMesh } from './mesh-instance.js';

let server: FakeApiServer;
let made: string[];
let answer: number;

beforeEach(async () => {
  [made, answer] = [[], 201];
  server = new FakeApiServer();
  server.intercept = (request, response, url) => {
    if (request.method !== 'POST') return false;
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      made.push(`${url.pathname} ${(JSON.parse(text) as { metadata: { name: string } }).metadata.name}`);
      json(response, answer, {});
    });
    return true;
  };
  await server.start();
});
afterEach(() => server.stop());

const until = async (count: number): Promise<void> => {
  for (let i = 0; i < 200 && made.length < count; i++) await new Promise((done) => setTimeout(done, 10));
};
const PATH = '/apis/gateway.networking.k8s.io/v1/gatewayclasses';

test('GA-001: a class that is missing is made, one that is there is left alone, and who leads anew begins anew', async () => {
  const { mesh } = createMesh();
  addResources(
    mesh,
    parseResources(
      'apiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\nmetadata: { name: istio }\nspec: { controllerName: example.com/theirs }\n',
      'a',
    ).resources,
  );
  const errors: unknown[] = [];
  const duty = keepGatewayClasses({ mesh, client: server.client(), onError: (error) => errors.push(error) });
  for (const count of [1, 2]) {
    const stop = new AbortController();
    const running = duty(stop.signal);
    await until(count);
    stop.abort();
    await running;
  }
  expect(made).toEqual([`${PATH} istio-remote`, `${PATH} istio-remote`]);
  expect(errors).toEqual([]);
});

test.each([
  [404, 0],
  [409, 0],
  [403, 1],
])('GA-001: %i is told of %i times: a cluster may have no Gateway API, or another control plane', async (status, told) => {
  answer = status;
  const { mesh } = createMesh();
  addResources(
    mesh,
    parseResources(
      'apiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\nmetadata: { name: istio }\nspec: { controllerName: istio.io/gateway-controller }\n',
      'a',
    ).resources,
  );
  const errors: unknown[] = [];
  const stop = new AbortController();
  const running = keepGatewayClasses({ mesh, client: server.client(), onError: (error) => errors.push(error) })(stop.signal);
  await until(1);
  await new Promise((done) => setTimeout(done, 50));
  stop.abort();
  await running;
  expect(errors).toHaveLength(told);
});
