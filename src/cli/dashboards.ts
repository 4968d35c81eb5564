/** `mizzen dashboards`: Grafana dashboards of the mesh, its services and workloads, and the control plane, as files to import or provision. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { dashboardFiles } from '../dashboards/index.js';

export function addDashboards(program: Command): void {
  program
    .command('dashboards')
    .description('write Grafana dashboards over the metrics of proxies and control plane')
    .requiredOption('--output <dir>', 'folder for mesh.json, service.json, workload.json and control-plane.json')
    .action(({ output }: { output: string }) => {
      mkdirSync(output, { recursive: true });
      for (const [name, text] of dashboardFiles()) {
        writeFileSync(join(output, name), text);
        console.log(join(output, name));
      }
    });
}
