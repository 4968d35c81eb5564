import { Node } from '@envoyproxy/xds-protos/envoy/config/core/v3/base.js';
import { expect, test } from '@jest/globals';
import { statsLoggerOf } from './stats-logger.js';

const node = (minorNumber: number, { name = 'envoy.access_loggers.stats', disabled = false, agent = 'envoy' } = {}) =>
  Node.fromPartial({
    userAgentName: agent,
    userAgentVersionType: { $case: 'userAgentBuildVersion', value: { version: { majorNumber: 1, minorNumber, patch: 0 } } },
    extensions: [{ name, disabled, category: 'envoy.access_loggers' }],
  });

test('TE-002: what the logger can do is known by the version, whether there is one by the list of extensions', () => {
  expect([37, 38, 39, 40].map((minor) => statsLoggerOf(node(minor)))).toEqual(['tags', 'rules', 'scope', 'scope']);
  expect(statsLoggerOf(node(40, { name: 'envoy.access_loggers.file' }))).toBeUndefined();
  expect(statsLoggerOf(node(40, { disabled: true }))).toBeUndefined();
  expect(statsLoggerOf(node(40, { agent: 'grpc-node' }))).toBeUndefined();
  expect(statsLoggerOf(Node.fromPartial({}))).toBeUndefined();
});
