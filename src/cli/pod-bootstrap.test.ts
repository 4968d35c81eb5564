import { describe, expect, test } from '@jest/globals';
import { podOptions } from './pod-bootstrap.js';
import { secretFiles } from './xds-trust.js';

const options = { type: 'sidecar', xdsAddress: { host: 'istiod.istio-system.svc', port: 15012 }, output: '/etc/istio/proxy/envoy.json' } as const;
const env = { POD_NAME: 'web-1', POD_NAMESPACE: 'shop', INSTANCE_IP: '10.0.0.1' };
const files: Record<string, string> = {
  '/etc/istio/pod/labels': 'app="web"\nnote="a=\\"b\\""\n',
  '/etc/istio/pod/annotations': 'x="line\\nbreak"',
};
const read = (path: string): string => files[path] ?? '';
const made = (more: Record<string, string> = {}) => podOptions({ ...options }, { ...env, ...more }, read);

describe('mizzen pod-bootstrap', () => {
  test('BT-001: labels and annotations are those that Kubernetes mounts', () => {
    expect(made()).toMatchObject({ label: { app: 'web', note: 'a="b"' }, annotation: { x: 'line\nbreak' }, serviceAccount: 'default' });
  });

  test('BT-001: variables of the agent are options and metadata', () => {
    const variables = {
      INSTANCE_IPS: '10.0.0.1,fd00::1',
      SERVICE_ACCOUNT: 'web',
      ISTIO_META_CLUSTER_ID: 'east',
      ISTIO_META_NETWORK: 'net-1',
      ISTIO_META_INTERCEPTION_MODE: 'NONE',
      ISTIO_META_WORKLOAD_NAME: 'web',
      PROXY_CONFIG: '{"concurrency":2,"statusPort":16020}\n',
    };
    expect(made(variables)).toMatchObject({
      ip: '10.0.0.1,fd00::1',
      serviceAccount: 'web',
      cluster: 'east',
      network: 'net-1',
      interception: 'NONE',
      metadataJson: { WORKLOAD_NAME: 'web', PROXY_CONFIG: { concurrency: 2 } },
      appProbers: { port: 16020 },
    });
  });

  test('CA-004: the token and the roots are files, which Envoy watches', () => {
    const { files: trust } = made();
    const written = secretFiles(trust!);
    expect(Object.keys(written)).toEqual(['/etc/istio/proxy/xds-token.json', '/etc/istio/proxy/xds-roots.json']);
    expect(JSON.stringify(written)).toContain('/var/run/secrets/tokens/istio-token');
  });

  test('BT-001: outside of a pod it says what is missing', () => {
    expect(() => podOptions({ ...options }, {}, read)).toThrow(/POD_NAMESPACE is not set/);
    expect(() => made({ PROXY_CONFIG: '{' })).toThrow(/PROXY_CONFIG is no JSON/);
  });
});
