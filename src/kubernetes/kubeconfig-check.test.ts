import { describe, expect, test } from '@jest/globals';
import { kubeconfigProblem } from './kubeconfig-check.js';

const config = ({ user = '{ token: abc }', cluster = '{ server: "https://10.0.0.1:6443", certificate-authority-data: QQ== }' } = {}): string =>
  `apiVersion: v1\nkind: Config\nclusters: [{ name: north, cluster: ${cluster} }]\nusers: [{ name: mizzen, user: ${user} }]\ncontexts: [{ name: x, context: { cluster: north, user: mizzen } }]\ncurrent-context: x\n`;

describe('CL-002: kubeconfigs of remote secrets', () => {
  test('tokens and certificates that are written out are let in', () => {
    expect(kubeconfigProblem(config())).toBeUndefined();
    expect(kubeconfigProblem(config({ user: '{ client-certificate-data: QQ==, client-key-data: QQ== }' }))).toBeUndefined();
  });

  test.each([
    ['{ exec: { command: /bin/sh } }', 'exec runs a program'],
    ['{ auth-provider: { name: gcp } }', 'auth-provider'],
    ['{ tokenFile: /var/run/secrets/kubernetes.io/serviceaccount/token }', 'tokenFile names a file'],
    ['{ client-certificate: /etc/x, client-key: /etc/y }', 'client-certificate names a file'],
  ])('user %s is refused', (user, why) => expect(kubeconfigProblem(config({ user }))).toContain(why));

  test.each([
    ['{ server: "https://x", insecure-skip-tls-verify: true }', 'trusts anybody'],
    ['{ server: "https://x", certificate-authority: /etc/ca }', 'names a file'],
    ['{ server: "http://169.254.169.254" }', 'no https address'],
    ['{}', 'no https address'],
  ])('cluster %s is refused', (cluster, why) => expect(kubeconfigProblem(config({ cluster }))).toContain(why));

  test.each(['', 'text', '[1]', 'a: [', '{}'])('%j is none', (text) => expect(kubeconfigProblem(text)).toBeDefined());
});
