/**
 * Where a Service is reached from outside its cluster: its load balancer, its external addresses, or its node ports on the nodes that an
 * annotation selects (SD-008, SD-009). https://istio.io/latest/docs/reference/config/annotations/#ServiceNodeSelector
 */
import type { Node, Service } from '../api/kubernetes.js';
import { type Labels, selects } from './labels.js';
import type { Rows } from './mesh.js';

const NODE_SELECTOR = 'traffic.istio.io/nodeSelector';

export interface ExternalAddress {
  /** An IP address or a name. */
  readonly address: string;
  readonly port: number;
}

/** Looks up the addresses of one service port. */
export function defineExternalAddresses(rows: Rows): (row: Service, port: number) => readonly ExternalAddress[] {
  const nodesByCluster = rows.of('Node').index('cluster', (row) => [row.metadata.cluster ?? '']);
  return (row, port) => {
    const { spec, metadata } = row;
    const at = (addresses: readonly string[], number = port): ExternalAddress[] => addresses.map((address) => ({ address, port: number }));
    const outside = at(spec.externalIPs ?? []);
    if (spec.type !== 'NodePort') return [...at(loadBalancerAddresses(row)), ...outside];
    const selector = nodeSelector(metadata.annotations[NODE_SELECTOR]);
    if (selector === undefined) return outside;
    const nodes = [...nodesByCluster.get(metadata.cluster ?? '').values()].filter((node) => selects(selector, node.metadata.labels));
    const nodePort = spec.ports?.find((own) => own.port === port)?.nodePort ?? port;
    return [...at(nodes.flatMap(externalIp), nodePort), ...outside];
  };
}

/** Where a Service's load balancer is, as its status says. */
export function loadBalancerAddresses({ status }: Service): readonly string[] {
  const { loadBalancer } = (status ?? {}) as { loadBalancer?: { ingress?: { ip?: string; hostname?: string }[] } };
  return (loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }) => ip || hostname || []);
}

/** The annotation is a JSON object of labels; `{}` selects every node. */
function nodeSelector(text: string | undefined): Labels | undefined {
  if (text === undefined) return undefined;
  try {
    const value = JSON.parse(text) as unknown;
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject && Object.values(value).every((label) => typeof label === 'string') ? (value as Labels) : undefined;
  } catch {
    return undefined;
  }
}

function externalIp({ status }: Node): readonly string[] {
  const { addresses = [] } = (status ?? {}) as { addresses?: { type?: string; address?: string }[] };
  return addresses.flatMap(({ type, address }) => (type === 'ExternalIP' && address ? [address] : [])).slice(0, 1);
}
