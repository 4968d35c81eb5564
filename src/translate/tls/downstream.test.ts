import { inspect } from 'node:util';
import { DownstreamTlsContext } from '@envoyproxy/xds-protos/envoy/extensions/transport_sockets/tls/v3/tls.js';
import { describe, expect, test } from '@jest/globals';
import { parseNode } from '../../model/proxy-node.js';
import { gatewayTlsContext } from '../gateway/tls-context.js';
import { mutualTlsSocket } from '../listener/downstream-tls.js';
import type { ListenerSettings } from '../listener/settings.js';
import { workloadCertificates } from './downstream.js';

const CHAIN = '/etc/certs/server.pem';
const FILES = { TLS_SERVER_CERT_CHAIN: CHAIN, TLS_SERVER_KEY: '/etc/certs/server.key', TLS_SERVER_ROOT_CERT: '/etc/certs/root.pem' };
const AGENT = { ISTIO_VERSION: '1.29.0' };
const sourceOf = (metadata: Record<string, unknown>) => parseNode({ id: 'sidecar~10.0.0.1~web.shop~shop.svc.cluster.local', metadata }).certificates;

/** Names of the secrets for certificate and root. */
function secretsOf(metadata: Record<string, unknown>): (string | undefined)[] {
  const { tlsCertificateSdsSecretConfigs: own = [], validationContextType } = workloadCertificates(sourceOf(metadata), {});
  const combined = validationContextType?.$case === 'combinedValidationContext' ? validationContextType.value : undefined;
  return [own[0]?.name, combined?.validationContextSdsSecretConfig?.name];
}

describe('PA-010: files that the node names take the place of what SDS serves workloads', () => {
  const { TLS_SERVER_CERT_CHAIN, TLS_SERVER_KEY, TLS_SERVER_ROOT_CERT } = FILES;
  const certificate = `file-cert:${CHAIN}~${TLS_SERVER_KEY}`;
  const root = `file-root:${TLS_SERVER_ROOT_CERT}`;
  test.each([
    [{}, ['default', 'ROOTCA']],
    [FILES, [certificate, root]],
    [{ TLS_SERVER_ROOT_CERT }, ['default', root]],
    [{ TLS_SERVER_CERT_CHAIN, TLS_SERVER_KEY }, [certificate, 'ROOTCA']],
    [{ TLS_SERVER_CERT_CHAIN }, ['default', 'ROOTCA']],
    [{ TLS_SERVER_KEY, TLS_SERVER_ROOT_CERT }, ['default', root]],
    [{ TLS_SERVER_CERT_CHAIN: '', TLS_SERVER_KEY: 7, TLS_SERVER_ROOT_CERT: {} }, ['default', 'ROOTCA']],
  ])('each of the two stands for itself: %j', (files, names) => {
    expect(secretsOf({ ...AGENT, ...files })).toEqual(names);
  });

  test('from a server for files where one is mounted', () => {
    const { tlsCertificateSdsSecretConfigs: [own] = [] } = workloadCertificates(sourceOf({ ...AGENT, ...FILES, 'file-credential': 'true' }), {});
    expect(JSON.stringify(own)).toContain('sds-files-grpc');
  });

  test('without an agent Envoy reads them itself, and checks peers as before', () => {
    const conditions = { matchSubjectAltNames: [{ matchPattern: { $case: 'prefix' as const, value: 'spiffe://td/' } }] };
    expect(workloadCertificates(sourceOf(FILES), conditions)).toMatchObject({
      tlsCertificates: [{ certificateChain: { specifier: { value: CHAIN } }, privateKey: { specifier: { value: TLS_SERVER_KEY } } }],
      validationContextType: { $case: 'validationContext', value: { ...conditions, trustedCa: { specifier: { value: TLS_SERVER_ROOT_CERT } } } },
    });
  });

  test('at inbound chains and at a gateway in ISTIO_MUTUAL mode, not where a Gateway names files of its own', () => {
    const certificates = sourceOf({ ...AGENT, ...FILES });
    const settings = { certificates, trustDomains: ['td'], meshTls: { minimum: '', cipherSuites: [], curves: [] } } as unknown as ListenerSettings;
    const { configType } = mutualTlsSocket(settings, false);
    const inbound = DownstreamTlsContext.decode((configType as { value: { value: Uint8Array } }).value.value);
    expect(inbound.commonTlsContext?.tlsCertificateSdsSecretConfigs[0]?.name).toBe(certificate);
    expect(JSON.stringify(inbound.commonTlsContext?.validationContextType)).toContain(root);
    const gateway = (tls: object) =>
      inspect(gatewayTlsContext({ port: { number: 443, name: 'tls', protocol: 'TLS' }, hosts: ['*'], tls } as never, certificates, undefined), {
        depth: 9,
      });
    expect(gateway({ mode: 'ISTIO_MUTUAL' })).toContain(certificate);
    expect(gateway({ mode: 'SIMPLE' })).not.toContain('file-cert');
    expect(gateway({ mode: 'MUTUAL', credentialName: 'shop' })).not.toContain('file-');
  });
});

test('PA-010: a client certificate without its key is none: the workload keeps its own, and speaks mutual TLS', () => {
  expect(sourceOf({ ...AGENT, TLS_CLIENT_CERT_CHAIN: CHAIN, TLS_CLIENT_ROOT_CERT: '/etc/certs/root.pem' })).toBe('agent');
});
