/** `mizzen crds`: Istio's custom resource definitions, for `kubectl apply -f -` in a cluster that has none. */
import type { Command } from 'commander';
import { stringify } from 'yaml';
import { istioCrds } from '../api/crds.js';

export function addCrds(program: Command): void {
  program
    .command('crds')
    .description("print definitions of Istio's resources for a Kubernetes cluster that has none; Istio's own do as well")
    .action(() => {
      process.stdout.write(
        istioCrds()
          .map((definition) => stringify(definition, { lineWidth: 0, aliasDuplicateObjects: false }))
          .join('---\n'),
      );
    });
}
