import { describe, expect, test } from '@jest/globals';
import { istioCrds } from '../api/crds.js';
import { generateRoot } from '../ca/root.js';
import type { ApiClient } from '../kubernetes/api-client.js';
import { ApiError } from '../kubernetes/api-error.js';
import { checkApiServer } from './api-server.js';
import { checkCertificates } from './certificates.js';
import { checkDefinitions } from './definitions.js';
import { checkPermissions, NEEDS } from './permissions.js';
import { type Finding, formatFinding } from './report.js';
import { checkSwitching } from './switching.js';
import { checkWebhooks } from './webhooks.js';

type Answers = Record<string, unknown>;

/** A cluster of a few answers; everything else is not there. */
// oxlint-disable-next-line typescript/no-explicit-any -- a review is read by its paths
function cluster(answers: Answers, reviews: (body: any) => boolean = () => true, date = new Date(0)): ApiClient {
  const get = async (path: string): Promise<unknown> => {
    if (Object.hasOwn(answers, path)) return answers[path];
    throw new ApiError(404, 'NotFound', path);
  };
  const client = {
    server: 'https://api',
    get,
    send: async () => ({ status: 200, headers: { date: date.toUTCString() }, text: JSON.stringify(answers['/version']) }),
    write: async (_: string, __: string, { body }: { body: unknown }) => ({ status: { allowed: reviews(body) } }),
  };
  return client as unknown as ApiClient;
}
const list = (...items: object[]) => ({ items });
const lines = (found: readonly Finding[]): string[] => found.map(({ level, message }) => `${level} ${message}`);
const VERSION = { gitVersion: 'v1.36.1', minor: '36' };

describe('mizzen check', () => {
  test('IC-012: the API server answers, is new enough, and has our time', async () => {
    expect(lines(await checkApiServer(cluster({ '/version': VERSION }), () => 1000))).toEqual([
      'ok https://api runs Kubernetes v1.36.1',
      'ok this machine and the API server differ by 1 s',
    ]);
    const old = await checkApiServer(cluster({ '/version': { gitVersion: 'v1.29.0', minor: '29+' } }), () => 300_000);
    expect(old.map(({ level }) => level)).toEqual(['warning', 'error']);
    expect(old[1]!.message).toContain('300 s ahead of');
  });

  test('IC-012: permissions are asked for the account, and what is missing is told with its use', async () => {
    expect(lines(await checkPermissions({ api: cluster({}), namespace: 'ns' }))).toEqual(['ok you may do all that a control plane does']);
    const asked: any[] = []; // oxlint-disable-line typescript/no-explicit-any -- a review is read by its paths
    const api = cluster({}, (body) => asked.push(body) > 0 && body.spec.resourceAttributes.resource !== 'tokenreviews');
    const found = await checkPermissions({ api, namespace: 'ns', account: { namespace: 'ns', name: 'mizzen' } });
    expect(found.map(formatFinding)).toEqual([
      'ERROR   permissions: system:serviceaccount:ns:mizzen may not create tokenreviews.authentication.k8s.io\n        needed for: who a proxy is',
    ]);
    expect(asked.length).toBe(NEEDS.reduce((sum, { verbs }) => sum + verbs.length, 0));
    const mcs: any[] = []; // oxlint-disable-line typescript/no-explicit-any -- a review is read by its paths
    await checkPermissions({ api: cluster({}, (body) => mcs.push(body) > 0), namespace: 'ns', mcs: true });
    const names = mcs.slice(asked.length).map(({ spec: { resourceAttributes: one } }) => `${one.verb} ${one.resource}.${one.group}`);
    expect(names).toEqual(
      ['serviceexports', 'serviceimports'].flatMap((name) => ['list', 'watch'].map((verb) => `${verb} ${name}.multicluster.x-k8s.io`)),
    );
    expect(asked.find(({ spec }) => spec.resourceAttributes.resource === 'leases').spec.resourceAttributes.namespace).toBe('ns');
  });

  test('IC-012: kinds that are not defined, or in versions that nobody reads', async () => {
    const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    const [first, ...rest] = istioCrds() as { metadata: { name: string } }[];
    expect(lines(await checkDefinitions(cluster({ [path]: list(first!, ...rest) })))[0]).toBe("ok all 15 kinds of Istio's groups are defined");
    const odd = { metadata: { name: first!.metadata.name }, spec: { versions: [{ name: 'v9', served: true }] } };
    const found = lines(await checkDefinitions(cluster({ [path]: list(odd, ...rest.slice(1)) })));
    expect(found[0]).toBe(`error not defined: ${rest[0]!.metadata.name}`);
    expect(found[1]).toBe(`warning ${odd.metadata.name} is served as v9, which is not read here`);
  });

  const injector = (name: string, value: string, caBundle?: string) => ({
    metadata: { name, labels: { 'istio.io/rev': 'mizzen' } },
    webhooks: [
      {
        name: 'rev.namespace.sidecar-injector.istio.io',
        clientConfig: { service: { name: 'istiod-mizzen', namespace: 'ns' }, ...(caBundle && { caBundle }) },
        namespaceSelector: { matchExpressions: [{ key: 'istio.io/rev', operator: 'In', values: [value] }] },
      },
    ],
  });
  const admission = '/apis/admissionregistration.k8s.io/v1';
  const service = {
    '/api/v1/namespaces/ns/services/istiod-mizzen': { metadata: {} },
    '/apis/discovery.k8s.io/v1/namespaces/ns/endpointslices': list({
      metadata: { labels: { 'kubernetes.io/service-name': 'istiod-mizzen' } },
      endpoints: [{ conditions: { ready: true } }, { conditions: { ready: false } }],
    }),
  };
  const webhooks = (mutating: object[], more: Answers = service) =>
    checkWebhooks({
      api: cluster({
        [`${admission}/mutatingwebhookconfigurations`]: list(...mutating),
        [`${admission}/validatingwebhookconfigurations`]: list(),
        ...more,
      }),
      namespace: 'ns',
      revision: 'mizzen',
    });

  test('IC-012 IN-020: who injects, whether it is trusted, whether two take the same namespaces', async () => {
    expect(lines(await webhooks([injector('a', 'mizzen', 'x')]))).toEqual([
      'ok proxies of revision mizzen are injected by a',
      'warning nothing validates configuration of revision mizzen',
      'ok Service ns/istiod-mizzen has 1 ready endpoints',
    ]);
    const twice = lines(await webhooks([injector('a', 'prod', 'x'), injector('b', 'prod')]));
    expect(twice).toContain('error b has no caBundle');
    expect(twice).toContain('error namespaces labelled istio.io/rev=prod are injected by a and b');
    expect(lines(await webhooks([], {}))).toContain('error there is no Service ns/istiod-mizzen');
  });

  test('IC-012 CA-006: the root, how long it is good for, and where it is missing', async () => {
    const { certificatePem } = await generateRoot({ trustDomain: 'cluster.local' });
    const data = { 'ca-cert.pem': Buffer.from(certificatePem).toString('base64') };
    const map = (namespace: string, pem: string) => ({ metadata: { name: 'istio-ca-root-cert', namespace }, data: { 'root-cert.pem': pem } });
    const answers = {
      '/api/v1/namespaces/ns/secrets/istio-ca-secret': { metadata: {}, data },
      '/api/v1/configmaps': list(map('a', certificatePem), map('b', 'another')),
    };
    expect(lines(await checkCertificates(cluster(answers), 'ns'))).toEqual([
      expect.stringMatching(/^ok ca-cert.pem of ns\/istio-ca-secret is good for \d+ days$/),
      'error istio-ca-root-cert lacks the root in: b',
    ]);
    const later = await checkCertificates(cluster(answers), 'ns', () => Date.now() + 20 * 365 * 86_400_000);
    expect(later[0]).toMatchObject({ level: 'error', message: expect.stringContaining('has expired') });
    expect((await checkCertificates(cluster({}), 'ns'))[0]!.level).toBe('warning');
  });

  test('IC-012: what switching from istiod would break', async () => {
    const rule = { metadata: { name: 'web', namespace: 'shop' }, spec: { hosts: ['web'], http: [{ redirect: {}, route: [] }] } };
    const answers = {
      '/api/v1/namespaces': list(
        { metadata: { name: 'mesh', labels: { 'istio.io/dataplane-mode': 'ambient' } } },
        { metadata: { name: 'shop', labels: { 'istio-injection': 'enabled' } } },
      ),
      '/api/v1/namespaces/ns/configmaps': list({
        metadata: { name: 'istio-sidecar-injector' },
        data: { config: 'templates:\n  sidecar: |\n    x\n  mine: |\n    y\n' },
      }),
      '/apis/networking.istio.io/v1': { resources: [{ name: 'virtualservices', kind: 'VirtualService' }] },
      '/apis/networking.istio.io/v1/virtualservices': list(rule),
    };
    const found = lines(await checkSwitching(cluster(answers), 'ns'));
    expect(found).toContain('error ambient namespaces, which have no sidecars: mesh');
    expect(found).toContain('warning istio-sidecar-injector has templates of its own: mine');
    expect(found.some((line) => line.startsWith('error VirtualService shop/web would be left out: spec.http[0]'))).toBe(true);
    expect(found).toContain('ok revision default has the namespaces shop');
    expect(lines(await checkSwitching(cluster({}), 'ns'))[0]).toBe('ok nothing was found that would break');
  });

  test('IC-012, IN-020: a resource labelled with a tag of the revision is told: istiod passes it over', async () => {
    const entry = (name: string, rev: string) => ({
      metadata: { name, namespace: 'shop', labels: { 'istio.io/rev': rev } },
      spec: { hosts: ['a.example'], ports: [{ number: 80, name: 'http' }], resolution: 'DNS' },
    });
    const found = lines(
      await checkSwitching(
        cluster({
          '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations': list({
            metadata: { name: 'tag', labels: { 'istio.io/rev': 'mizzen', 'istio.io/tag': 'prod' } },
          }),
          '/apis/networking.istio.io/v1': { resources: [{ name: 'serviceentries', kind: 'ServiceEntry' }] },
          '/apis/networking.istio.io/v1/serviceentries': list(entry('tagged', 'prod'), entry('named', 'mizzen'), entry('other', 'blue')),
        }),
        'ns',
        'mizzen',
      ),
    );
    expect(found).toEqual(['warning ServiceEntry shop/tagged is labelled with the tag prod: istiod passes it over, here it takes effect']);
  });
});
