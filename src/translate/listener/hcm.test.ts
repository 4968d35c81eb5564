import {
  HttpConnectionManager_PathWithEscapedSlashesAction as EscapedSlashes,
  HttpConnectionManager_ForwardClientCertDetails as ForwardClientCert,
  HttpConnectionManager_ServerHeaderTransformation as ServerHeader,
} from '@envoyproxy/xds-protos/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.js';
import { describe, expect, test } from '@jest/globals';
import { type HcmOptions, translateHcm } from './hcm.js';
import type { HttpSettings } from './settings.js';

const SETTINGS: HttpSettings = {
  accessLogs: { sinks: [], onListener: true },
  idleTimeout: '',
  http10: false,
  certificates: 'agent',
  pathNormalization: 'BASE',
  proxyHeaders: {},
};
const OPTIONS: HcmOptions = { side: 'outbound', statPrefix: 'outbound_0.0.0.0_80', routes: '80', protocol: 'HTTP' };
const hcm = (options: Partial<HcmOptions> = {}, settings: Partial<HttpSettings> = {}) =>
  translateHcm({ ...OPTIONS, ...options }, { ...SETTINGS, ...settings });

describe('HTTP connection manager', () => {
  test('VS-045: every one upgrades to websocket', () => {
    expect(hcm().upgradeConfigs).toEqual([{ upgradeType: 'websocket' }]);
  });
  test('routes come over ADS or inline', () => {
    expect(hcm().routeSpecifier).toMatchObject({ $case: 'rds', value: { routeConfigName: '80' } });
    expect(hcm({ routes: { name: 'inbound|80||' } }).routeSpecifier).toMatchObject({ $case: 'routeConfig', value: { name: 'inbound|80||' } });
  });
  test('the chain ends with the router; grpc_web only on its ports', () => {
    const names = (options: Partial<HcmOptions>) => hcm(options).httpFilters?.map(({ name }) => name?.split('.').at(-1));
    expect(names({})).toEqual(['grpc_stats', 'fault', 'cors', 'router']);
    expect(names({ protocol: 'GRPC-Web' })).toEqual(['grpc_web', 'grpc_stats', 'fault', 'cors', 'router']);
  });
  test('MC-022: path normalisation', () => {
    expect(hcm({}, { pathNormalization: 'NONE' }).normalizePath).toBe(false);
    expect(hcm({}, { pathNormalization: 'MERGE_SLASHES' })).toMatchObject({ normalizePath: true, mergeSlashes: true });
    expect(hcm({}, { pathNormalization: 'DECODE_AND_MERGE_SLASHES' }).pathWithEscapedSlashesAction).toBe(EscapedSlashes.UNESCAPE_AND_FORWARD);
  });
  test('SD-017: HTTP/1.0 is accepted where the node asks for it', () => {
    expect(hcm().httpProtocolOptions).toBeUndefined();
    expect(hcm({}, { http10: true }).httpProtocolOptions).toEqual({ acceptHttp10: true });
  });
  test('SC-016: the explicit proxy takes absolute URLs', () => {
    expect(hcm({ allowAbsoluteUrl: true }).httpProtocolOptions).toEqual({ allowAbsoluteUrl: true });
  });
  test('inbound says istio-envoy and forwards the peer’s identity; outbound does neither', () => {
    expect(hcm({ side: 'inbound' })).toMatchObject({ serverName: 'istio-envoy', forwardClientCertDetails: ForwardClientCert.APPEND_FORWARD });
    expect(hcm().serverName).toBeUndefined();
    expect(hcm().forwardClientCertDetails).toBeUndefined();
  });
  test('HTTP/2 options on inbound HTTP/2 ports', () => {
    expect(hcm({ side: 'inbound', protocol: 'GRPC' }).http2ProtocolOptions).toEqual({});
    expect(hcm({ protocol: 'GRPC' }).http2ProtocolOptions).toBeUndefined();
  });
  test('proxyHeaders: server, request id, client certificate', () => {
    expect(hcm({ side: 'inbound' }, { proxyHeaders: { server: { disabled: true } } })).toMatchObject({
      serverName: '',
      serverHeaderTransformation: ServerHeader.PASS_THROUGH,
    });
    expect(hcm({}, { proxyHeaders: { requestId: { disabled: true } } }).generateRequestId).toBe(false);
    const cert = hcm(
      { side: 'inbound' },
      { proxyHeaders: { forwardedClientCert: 'SANITIZE', setCurrentClientCertDetails: { uri: false, cert: true } } },
    );
    expect(cert).toMatchObject({
      forwardClientCertDetails: ForwardClientCert.SANITIZE,
      setCurrentClientCertDetails: { subject: true, uri: false, cert: true },
    });
  });
  test('XC-012: what a gateway adds is laid over the rest; an answer 100 is passed on', () => {
    expect(hcm({ side: 'gateway', extra: { useRemoteAddress: true, xffNumTrustedHops: 1 } })).toMatchObject({
      useRemoteAddress: true,
      xffNumTrustedHops: 1,
      proxy100Continue: true,
    });
  });
});
