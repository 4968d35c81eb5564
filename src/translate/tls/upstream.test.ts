import { describe, expect, test } from '@jest/globals';
import { credentialResourceName, workloadSecret } from './sds.js';
import { istioMutualContext, originatedContext } from './upstream.js';

const originate = (tls: Record<string, unknown>, certificates: 'agent' | 'ads' = 'agent') =>
  originatedContext({ tls: tls as never, subjectAltNames: [], http2: false, certificates, tlsDefaults: undefined })?.commonTlsContext;

describe('upstream TLS', () => {
  test('PA-013 PA-014 DR-023 mutual TLS names the mesh in ALPN, h2 only where certain', () => {
    const context = istioMutualContext({ sni: 'outbound_.80_._.a', subjectAltNames: ['spiffe://x'], http2: true, certificates: 'agent' });
    expect(context.sni).toBe('outbound_.80_._.a');
    expect(context.commonTlsContext?.alpnProtocols).toEqual(['istio', 'h2']);
    expect(istioMutualContext({ sni: '', subjectAltNames: [], http2: false, certificates: 'ads' }).commonTlsContext?.alpnProtocols).toEqual([
      'istio',
    ]);
  });
  test('DR-024 DR-025 files come from the agent, or straight from disk without one', () => {
    const tls = { mode: 'MUTUAL', clientCertificate: '/c', privateKey: '/k' };
    expect(originate(tls)?.tlsCertificateSdsSecretConfigs?.[0]?.name).toBe('file-cert:/c~/k');
    expect(originate(tls, 'ads')?.tlsCertificates).toHaveLength(1);
    expect(originate({ mode: 'MUTUAL', clientCertificate: '/c' })).toBeUndefined();
  });
  test('DR-024 insecureSkipVerify leaves the certificate unchecked', () => {
    expect(originate({ mode: 'SIMPLE', insecureSkipVerify: true })?.validationContextType).toEqual({ $case: 'validationContext', value: {} });
    expect(originate({ mode: 'SIMPLE', insecureSkipVerify: true, credentialName: 'x' })?.validationContextType).toBeUndefined();
  });
  test('DR-026 credentials are ours to serve, under their URI', () => {
    expect(originate({ mode: 'MUTUAL', credentialName: 'x' })?.tlsCertificateSdsSecretConfigs?.[0]?.name).toBe('kubernetes://x');
    expect(['x', 'configmap://a/b-cacert', 'kubernetes-gateway://a/b', 'sds://y', 'builtin://'].map(credentialResourceName)).toEqual([
      'kubernetes://x',
      'configmap://a/b-cacert',
      'kubernetes-gateway://a/b',
      'kubernetes://y',
      'default',
    ]);
  });
  test("a stock Envoy asks for the workload's certificate over ADS", () => {
    expect(workloadSecret('default', 'ads').sdsConfig?.configSourceSpecifier?.$case).toBe('ads');
    expect(workloadSecret('default', 'agent').sdsConfig?.configSourceSpecifier?.$case).toBe('apiConfigSource');
  });
});
