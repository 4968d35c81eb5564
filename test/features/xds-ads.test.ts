/** ADS over a real gRPC stream, both variants, against a client library that is not ours. */
import { Node } from '@envoyproxy/xds-protos/envoy/config/core/v3/base.js';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { TypeUrl } from '../../src/xds/push-order.js';
import { XdsServer } from '../../src/xds/server.js';
import { FakeProvider } from '../../src/xds/testing/fake-provider.js';
import { Http2GrpcServer } from '../../src/xds/transport/http2-server.js';
import { type DeltaCall, delta, type SotwCall, sotw, texts } from './xds-client.js';

const node = Node.fromPartial({ id: 'sidecar~10.0.0.1~a.default~default.svc.cluster.local' });
let provider: FakeProvider;
let xds: XdsServer;
let grpc: Http2GrpcServer;
let port: number;
const calls: (SotwCall | DeltaCall)[] = [];
const open = <C extends SotwCall | DeltaCall>(call: C): C => {
  calls.push(call);
  return call;
};

beforeEach(async () => {
  provider = new FakeProvider();
  provider.set(TypeUrl.cluster, 'c1', 'one');
  provider.set(TypeUrl.endpoint, 'c1', 'ep');
  provider.set(TypeUrl.listener, 'l1', 'one');
  provider.set(TypeUrl.route, 'r1', 'one');
  xds = new XdsServer({ provider, limits: { removalGraceMs: 20 } });
  grpc = new Http2GrpcServer();
  xds.attach(grpc);
  ({ port } = await grpc.listen({ host: '127.0.0.1', port: 0 }));
});
afterEach(async () => {
  for (const call of calls.splice(0)) call.stop();
  await xds.close();
  await grpc.close(0);
});

describe('SotW', () => {
  test('XD-001 serves all types on one stream; the node is needed once', async () => {
    const call = open(sotw(port));
    call.send({ node, typeUrl: TypeUrl.cluster });
    const cds = await call.next();
    expect(texts(cds)).toEqual(['c1=one']);
    call.send({ typeUrl: TypeUrl.cluster, responseNonce: cds.nonce, versionInfo: cds.versionInfo });
    call.send({ typeUrl: TypeUrl.endpoint, resourceNames: ['c1'] });
    const eds = await call.next();
    expect([eds.typeUrl, ...texts(eds)]).toEqual([TypeUrl.endpoint, 'c1=ep']);
    call.send({ typeUrl: TypeUrl.endpoint, resourceNames: ['c1'], responseNonce: eds.nonce, versionInfo: eds.versionInfo });
    call.send({ typeUrl: TypeUrl.listener });
    const lds = await call.next();
    expect(texts(lds)).toEqual(['l1=one']);
    call.send({ typeUrl: TypeUrl.listener, responseNonce: lds.nonce, versionInfo: lds.versionInfo });
    call.send({ typeUrl: TypeUrl.route, resourceNames: ['r1'] });
    const rds = await call.next();
    expect(texts(rds)).toEqual(['r1=one']);
    call.send({ typeUrl: TypeUrl.route, resourceNames: ['r1'], responseNonce: rds.nonce, versionInfo: rds.versionInfo });
    expect(await call.poll(50)).toBeUndefined();

    provider.set(TypeUrl.route, 'r1', 'two');
    const push = await call.next();
    expect([push.typeUrl, ...texts(push)]).toEqual([TypeUrl.route, 'r1=two']);
    const [status] = xds.connections();
    expect(status?.proxy).toBe(node.id);
    expect(status?.types.map((t) => [t.typeUrl, t.versionAcked === t.versionSent])).toEqual([
      [TypeUrl.cluster, true],
      [TypeUrl.endpoint, true],
      [TypeUrl.listener, true],
      [TypeUrl.route, false],
    ]);
  });

  test('XD-001 a first request without node is INVALID_ARGUMENT', async () => {
    const call = open(sotw(port));
    call.send({ typeUrl: TypeUrl.cluster });
    expect(await call.ended()).toMatchObject({ code: 3, details: expect.stringContaining('node') });
  });
});

describe('delta', () => {
  test('XD-002 serves all types, then only what changed', async () => {
    const call = open(delta(port));
    call.send({ node, typeUrl: TypeUrl.cluster });
    const cds = await call.next();
    expect(cds.resources.map((r) => [r.name, r.version !== ''])).toEqual([['c1', true]]);
    call.send({ typeUrl: TypeUrl.cluster, responseNonce: cds.nonce });
    call.send({ typeUrl: TypeUrl.endpoint, resourceNamesSubscribe: ['c1', 'nobody'] });
    const eds = await call.next();
    expect([texts(eds), eds.removedResources]).toEqual([['c1=ep'], ['nobody']]);
    call.send({ typeUrl: TypeUrl.endpoint, responseNonce: eds.nonce });

    provider.set(TypeUrl.cluster, 'c2', 'new');
    const push = await call.next();
    expect([push.typeUrl, ...texts(push)]).toEqual([TypeUrl.cluster, 'c2=new']);
  });

  test('XD-003 a removed cluster goes last and after grace', async () => {
    const call = open(delta(port));
    call.send({ node, typeUrl: TypeUrl.cluster });
    const cds = await call.next();
    call.send({ typeUrl: TypeUrl.cluster, responseNonce: cds.nonce });
    call.send({ typeUrl: TypeUrl.listener });
    const lds = await call.next();
    call.send({ typeUrl: TypeUrl.listener, responseNonce: lds.nonce });
    await call.poll(30);
    provider.delete(TypeUrl.cluster, 'c1');
    provider.set(TypeUrl.listener, 'l1', 'without c1');
    const first = await call.next();
    expect([first.typeUrl, ...texts(first)]).toEqual([TypeUrl.listener, 'l1=without c1']);
    expect(await call.poll(60)).toBeUndefined();
    call.send({ typeUrl: TypeUrl.listener, responseNonce: first.nonce });
    const second = await call.next();
    expect([second.typeUrl, second.removedResources]).toEqual([TypeUrl.cluster, ['c1']]);
  });
});

test('DB-007 an operator ends the streams of one proxy; others go on', async () => {
  const other = Node.fromPartial({ id: 'sidecar~10.0.0.2~b.default~default.svc.cluster.local' });
  const [first, second] = [open(sotw(port)), open(delta(port))];
  first.send({ node, typeUrl: TypeUrl.cluster });
  second.send({ node: other, typeUrl: TypeUrl.cluster });
  const [, { nonce }] = await Promise.all([first.next(), second.next()]);
  second.send({ typeUrl: TypeUrl.cluster, responseNonce: nonce });
  expect([xds.disconnect('nobody'), xds.disconnect(node.id)]).toEqual([0, 1]);
  await expect(first.next()).rejects.toThrow('ended: 14 an operator asked for it');
  provider.set(TypeUrl.cluster, 'c1', 'two');
  expect((await second.next()).resources).toHaveLength(1);
  expect(second.status).toBeUndefined();
});
