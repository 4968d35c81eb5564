/** Whether the kinds that a mesh is made of are defined, in versions that we read. */
import { KINDS } from '../api/kinds.js';
import type { ApiClient } from '../kubernetes/api-client.js';
import { listOf } from './cluster.js';
import { type Finding, finding } from './report.js';

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

interface Definition {
  readonly spec?: { readonly versions?: readonly { readonly name: string; readonly served: boolean }[] };
}

export async function checkDefinitions(api: ApiClient): Promise<Finding[]> {
  const found = await listOf(api, CRDS);
  if (found === undefined) return [finding('warning', 'definitions', 'you may not see which kinds are defined')];
  const byName = new Map(found.map((definition) => [definition.metadata.name, definition as Definition]));
  const wanted = KINDS.filter(({ group, native }) => !native && group !== 'mesh.istio.io');
  const state = wanted.map(({ group, plural, versions }) => {
    const name = `${plural}.${group}`;
    const served = byName
      .get(name)
      ?.spec?.versions?.filter((version) => version.served)
      .map((version) => version.name);
    return { name, isIstios: group.endsWith('.istio.io'), served, isRead: served?.some((version) => versions.includes(version)) === true };
  });
  const missing = state.filter(({ served, isIstios }) => served === undefined && isIstios).map(({ name }) => name);
  const unread = state.filter(({ served, isRead }) => served !== undefined && !isRead);
  return [
    ...(missing.length === 0
      ? [finding('ok', 'definitions', `all ${state.filter(({ isIstios }) => isIstios).length} kinds of Istio's groups are defined`)]
      : [
          finding(
            'error',
            'definitions',
            `not defined: ${missing.join(', ')}`,
            'mizzen crds | kubectl apply --server-side -f -, or the chart istio-base',
          ),
        ]),
    ...unread.map(({ name, served }) => finding('warning', 'definitions', `${name} is served as ${served?.join(', ')}, which is not read here`)),
    ...(state.some(({ isIstios, served }) => !isIstios && served !== undefined)
      ? []
      : [finding('warning', 'definitions', "Kubernetes' Gateway API is not defined", 'only needed for its Gateways and routes')]),
  ];
}
