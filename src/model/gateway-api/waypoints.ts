/** Services and ServiceEntries whose routes are not ours, since a waypoint of another controller stands before them (GA-022). */
import type { Collection } from '../../graph/graph.js';
import type { Mesh } from '../mesh.js';
import type { GatewayClassRow, GatewayRow } from './types.js';

const WAYPOINT = 'istio.io/use-waypoint';
const WAYPOINT_NAMESPACE = 'istio.io/use-waypoint-namespace';
const OURS: readonly string[] = ['istio.io/gateway-controller', 'istio.io/mesh-controller'];

type Labels = Readonly<Record<string, string>>;

/** Whether such a waypoint is named by a parent's labels, or else by those of its namespace. Rows that are not there leave the route to us. */
export function defineWaypoints(rows: Mesh['rows']): (labels: Labels, namespace: string) => boolean {
  const gateways = rows.of('K8sGateway') as unknown as Collection<GatewayRow>;
  const classes = rows.of('GatewayClass') as unknown as Collection<GatewayClassRow>;
  return (own, namespace) => {
    const labels = WAYPOINT in own ? own : (rows.of('Namespace').get(`/${namespace}`)?.metadata.labels ?? {});
    const name = labels[WAYPOINT] ?? '';
    if (name === '' || name.toLowerCase() === 'none') return false;
    const waypoint = gateways.get(`${labels[WAYPOINT_NAMESPACE] || namespace}/${name}`);
    const controller = waypoint && classes.get(`/${waypoint.spec.gatewayClassName}`)?.spec.controllerName;
    return controller !== undefined && !OURS.includes(controller);
  };
}
