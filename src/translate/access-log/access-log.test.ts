import { FileAccessLog } from '@envoyproxy/xds-protos/envoy/extensions/access_loggers/file/v3/file.js';
import { describe, expect, test } from '@jest/globals';
import type { EffectiveMeshConfig, MeshConfig } from '../../api/mesh-config.js';
import { chosenAccessLogs, httpAccessLogs, listenerAccessLogs, meshAccessLogs, tcpAccessLogs } from './index.js';

const logs = (config: MeshConfig) => meshAccessLogs({ accessLogEncoding: 'TEXT', ...config } as EffectiveMeshConfig);
function fileFormat(config: MeshConfig) {
  const [log] = httpAccessLogs(logs({ accessLogFile: '/dev/stdout', ...config }));
  if (log?.configType?.$case !== 'typedConfig') throw new Error('no typed config');
  const { accessLogFormat } = FileAccessLog.decode(log.configType.value?.value as Uint8Array);
  return accessLogFormat?.$case === 'logFormat' ? accessLogFormat.value.format : undefined;
}

describe('access logs of MeshConfig', () => {
  test('MC-002: none by default', () => {
    expect(httpAccessLogs(logs({}))).toEqual([]);
  });
  test('MC-002: the listener logs only connections that no chain took', () => {
    expect(listenerAccessLogs(logs({ accessLogFile: '/dev/stdout' }))).toMatchObject([{ filter: { filterSpecifier: { value: { flags: ['NR'] } } } }]);
  });
  test('MC-003: the default line, and a given one with a newline', () => {
    expect(fileFormat({})).toMatchObject({
      value: { specifier: { value: expect.stringMatching(/^\[%START_TIME%\] "%REQ\(:METHOD\)% .* %ROUTE_NAME%\n$/) } },
    });
    expect(fileFormat({ accessLogFormat: '%PROTOCOL%' })).toMatchObject({ value: { specifier: { value: '%PROTOCOL%\n' } } });
  });
  test('MC-003: JSON, the default object for text that is none', () => {
    expect(fileFormat({ accessLogEncoding: 'JSON', accessLogFormat: '{"a":"%PROTOCOL%"}' })).toEqual({
      $case: 'jsonFormat',
      value: { a: '%PROTOCOL%' },
    });
    expect(fileFormat({ accessLogEncoding: 'JSON', accessLogFormat: 'nonsense' })).toMatchObject({ value: { start_time: '%START_TIME%' } });
  });
  test('MC-004: a stream to the bootstrap’s access log service', () => {
    const stream = logs({ enableEnvoyAccessLogService: true });
    expect([httpAccessLogs(stream)[0]?.name, tcpAccessLogs(stream)[0]?.name]).toEqual([
      'envoy.access_loggers.http_grpc',
      'envoy.tcp_grpc_access_log',
    ]);
  });
  test('MC-005: without listener logs', () => {
    expect(listenerAccessLogs(logs({ accessLogFile: '/dev/stdout', disableEnvoyListenerLog: true }))).toEqual([]);
  });
});

test('TE-012: a log that is off stays off when its service cannot be found: MeshConfig’s own does not come back', () => {
  const config = {
    accessLogEncoding: 'TEXT',
    accessLogFile: '/dev/stdout',
    extensionProviders: [{ name: 'stream', envoyHttpAls: { service: 'far.example', port: 80 } }],
  } as unknown as EffectiveMeshConfig;
  const chosen = (disabled: boolean) => chosenAccessLogs(config, [{ provider: 'stream', disabled, filter: '' }], () => undefined).sinks;
  expect(chosen(true)).toEqual([]);
  expect(chosen(false)).toMatchObject([{ kind: 'file' }]);
});
