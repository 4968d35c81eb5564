/** Grafana dashboards of the mesh and of Mizzen. Files of them: `mizzen dashboards`. */
import { controlPlane } from './control-plane.js';
import { type Dashboard, toGrafana } from './grafana.js';
import { mesh } from './mesh.js';
import { service } from './service.js';
import { workload } from './workload.js';

/** By file name without its ending. */
export const DASHBOARDS: Readonly<Record<string, Dashboard>> = { mesh, service, workload, 'control-plane': controlPlane };

/** File name → text, as Grafana imports or provisions it. */
export function dashboardFiles(): ReadonlyMap<string, string> {
  return new Map(Object.entries(DASHBOARDS).map(([name, dashboard]) => [`${name}.json`, `${JSON.stringify(toGrafana(dashboard), undefined, 2)}\n`]));
}
