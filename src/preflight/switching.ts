/**
 * What would not work as before when istiod gives way to Mizzen: things that we do not have, settings that we do not follow, resources that
 * we would refuse. https://istio.io/latest/docs/setup/upgrade/canary/
 */
import { convert } from '../api/convert.js';
import { KINDS } from '../api/kinds.js';
import type { ApiClient } from '../kubernetes/api-client.js';
import type { ApiObject } from '../kubernetes/api-object.js';
import { checkResource } from '../validation/check.js';
import { listOf, objectAt } from './cluster.js';
import { type Finding, finding } from './report.js';

const AREA = 'switching';
const ISTIO_TEMPLATES = new Set('sidecar gateway grpc-simple grpc-agent waypoint kube-gateway agentgateway agentgateway-waypoint'.split(' '));

export async function checkSwitching(api: ApiClient, namespace: string, revision = 'default'): Promise<Finding[]> {
  const tags = await tagsOf(api, namespace, revision);
  const found = [...(await ambient(api)), ...(await injectorTemplates(api, namespace)), ...(await stored(api, tags)), ...(await moved(api))];
  return found.some(({ level }) => level !== 'ok') ? found : [finding('ok', AREA, 'nothing was found that would break'), ...found];
}

async function ambient(api: ApiClient): Promise<Finding[]> {
  const namespaces = (await listOf(api, '/api/v1/namespaces')) ?? [];
  const used = namespaces.filter(({ metadata }) => metadata.labels?.['istio.io/dataplane-mode'] === 'ambient').map(({ metadata }) => metadata.name);
  const waypoints = ((await listOf(api, '/apis/gateway.networking.k8s.io/v1/gateways')) ?? []).filter(
    (gateway) => (gateway['spec'] as { gatewayClassName?: string } | undefined)?.gatewayClassName === 'istio-waypoint',
  );
  const hint = 'keep istiod for them, or give their pods sidecars first';
  return [
    ...(used.length > 0 ? [finding('error', AREA, `ambient namespaces, which have no sidecars: ${used.join(', ')}`, hint)] : []),
    ...(waypoints.length > 0
      ? [finding('error', AREA, `waypoints: ${waypoints.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).join(', ')}`, hint)]
      : []),
  ];
}

/** Templates of the user's own are programs in Go's template language; we merge overlays. */
async function injectorTemplates(api: ApiClient, namespace: string): Promise<Finding[]> {
  const maps = ((await listOf(api, `/api/v1/namespaces/${namespace}/configmaps`)) ?? []).filter(({ metadata }) =>
    metadata.name.startsWith('istio-sidecar-injector'),
  );
  return maps.flatMap((map) => {
    const config = (map['data'] as Record<string, string> | undefined)?.['config'] ?? '';
    const names = [...config.matchAll(/^ {2}([a-z0-9-]+): *[|>]/gm)].map(([, name]) => name!).filter((name) => !ISTIO_TEMPLATES.has(name));
    if (names.length === 0) return [];
    return [
      finding(
        'warning',
        AREA,
        `${map.metadata.name} has templates of its own: ${names.join(', ')}`,
        'write them as plain overlays: docs/guides/kubernetes.md',
      ),
    ];
  });
}

/** Tags that lead to the revision: of namespaces and pods there as here, of resources here alone. */
async function tagsOf(api: ApiClient, namespace: string, revision: string): Promise<ReadonlySet<string>> {
  const holders = [
    ...((await listOf(api, '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations')) ?? []),
    ...((await listOf(api, `/api/v1/namespaces/${namespace}/services`)) ?? []),
  ];
  const leading = holders.map(({ metadata }) => metadata.labels ?? {}).filter((labels) => labels['istio.io/rev'] === revision);
  return new Set(leading.flatMap((labels) => labels['istio.io/tag'] ?? []).filter((tag) => tag !== revision));
}

/** Everything that is stored passes our gate once. */
async function stored(api: ApiClient, tags: ReadonlySet<string>): Promise<Finding[]> {
  const found: Finding[] = [];
  let count = 0;
  for (const { group, plural, native, versions } of KINDS) {
    if (native || group === 'mesh.istio.io') continue;
    for (const version of versions) {
      const objects = await listOf(api, `/apis/${group}/${version}/${plural}`);
      if (objects === undefined) continue;
      const kind = await kindOf(api, `${group}/${version}`, plural);
      for (const object of objects) {
        count++;
        const whole = { apiVersion: `${group}/${version}`, kind, ...object } as ApiObject;
        found.push(...judge(whole), ...(group.endsWith('.istio.io') ? tagged(whole, tags) : []));
      }
      break;
    }
  }
  return found.length > 0 ? found : [finding('ok', AREA, `${count} resources of Istio and the Gateway API are valid here too`)];
}

/** Items of a list do not say their kind. */
async function kindOf(api: ApiClient, groupVersion: string, plural: string): Promise<string> {
  const list = await objectAt(api, `/apis/${groupVersion}`);
  return (list?.['resources'] as { name: string; kind: string }[] | undefined)?.find(({ name }) => name === plural)?.kind ?? '';
}

function judge(object: ApiObject): Finding[] {
  const document = object as unknown as Record<string, unknown>;
  const { row, problems } = convert(document);
  const all = [...problems, ...(row === undefined ? [] : checkResource(document, row))].filter(({ severity }) => severity === 'error');
  const { name, namespace } = object.metadata;
  return all.map(({ field, message }) =>
    finding('error', AREA, `${object.kind} ${namespace}/${name} would be left out: ${field ? `${field}: ` : ''}${message}`),
  );
}

/** istiod passes such a resource over; here it begins to count. */
function tagged({ kind, metadata: { name, namespace, labels } }: ApiObject, tags: ReadonlySet<string>): Finding[] {
  const tag = labels?.['istio.io/rev'];
  if (tag === undefined || !tags.has(tag)) return [];
  const message = `${kind} ${namespace}/${name} is labelled with the tag ${tag}: istiod passes it over, here it takes effect`;
  return [finding('warning', AREA, message, 'take it away, or label it with the revision, if it is not to count')];
}

/** Which namespaces are whose, to move them one by one. */
async function moved(api: ApiClient): Promise<Finding[]> {
  const namespaces = (await listOf(api, '/api/v1/namespaces')) ?? [];
  const byRevision = new Map<string, string[]>();
  for (const { metadata } of namespaces) {
    const labels = metadata.labels ?? {};
    const revision = labels['istio-injection'] === 'enabled' ? 'default' : labels['istio.io/rev'];
    if (revision !== undefined) byRevision.set(revision, [...(byRevision.get(revision) ?? []), metadata.name]);
  }
  return [...byRevision].map(([revision, names]) => finding('ok', AREA, `revision ${revision} has the namespaces ${names.join(', ')}`));
}
