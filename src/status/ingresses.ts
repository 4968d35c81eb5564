/**
 * Where Ingresses are reached (IG-006): the addresses of the mesh's ingress Service, or of the nodes that its proxies run on. Read through the graph.
 */
import { isIP } from 'node:net';
import type { Ingress } from '../api/kubernetes.js';
import { loadBalancerAddresses } from '../model/external-addresses.js';
import { selects } from '../model/labels.js';
import type { Mesh } from '../model/mesh.js';
import { headOf, type StatusDraft } from './draft.js';

/** Sorted: names, then addresses. */
export type IngressPoints = readonly ({ readonly hostname: string } | { readonly ip: string })[];

export function ingressDraft(row: Ingress, points: IngressPoints): StatusDraft {
  return { ...headOf(row), fields: { loadBalancer: points.length === 0 ? {} : { ingress: points } } };
}

/** The same for all Ingresses that are ours. */
export function ingressPoints(mesh: Mesh): IngressPoints {
  const { rootNamespace, ingressService, ingressSelector } = mesh.config();
  const addresses =
    ingressService === undefined || ingressService === ''
      ? nodeAddresses(mesh, rootNamespace, ingressSelector || 'ingressgateway')
      : serviceAddresses(mesh, `${rootNamespace}/${ingressService}`);
  const points = [...new Set(addresses)].sort().map((address) => (isIP(address) === 0 ? { hostname: address } : { ip: address }));
  return [...points.filter((one) => 'hostname' in one), ...points.filter((one) => 'ip' in one)];
}

function serviceAddresses(mesh: Mesh, key: string): readonly string[] {
  const row = mesh.rows.of('Service').get(key);
  if (row === undefined) return [];
  if (row.spec.type === 'ExternalName') return row.spec.externalName ? [row.spec.externalName] : [];
  return [...loadBalancerAddresses(row), ...(row.spec.externalIPs ?? [])];
}

/** Of the first running proxy whose node is known. */
function nodeAddresses({ rows }: Mesh, namespace: string, label: string): readonly string[] {
  for (const pod of rows.of('Pod').list().values()) {
    const { metadata, spec, status } = pod;
    if (metadata.namespace !== namespace || metadata.cluster !== undefined || status?.phase !== 'Running') continue;
    if (!selects({ istio: label }, metadata.labels)) continue;
    const node = rows.of('Node').get(`/${spec.nodeName ?? ''}`);
    const { addresses = [] } = (node?.status ?? {}) as { addresses?: readonly { type?: string; address?: string }[] };
    if (node !== undefined) return addresses.flatMap(({ type, address }) => (type === 'ExternalIP' && address ? [address] : []));
  }
  return [];
}
