/**
 * kubectl and helm for the commands of the guides, built with Go from e2e/kube-tools: `MIZZEN_KUBECTL` and `MIZZEN_HELM`, else the user's cache folder.
 * Plain Node.
 */
import { findGoProgram, kubernetesStamps, requiredVersion } from './go-program.mjs';

const folder = 'kube-tools';
// Kubernetes' libraries have its minor and patch version under a zero.
const version = requiredVersion(folder, 'k8s.io/kubectl').replace(/^0/, '1');

/** Path of kubectl; builds it when it is not there. `say` hears about that. */
export const findKubectl = (say = (_text) => {}) =>
  findGoProgram({ name: 'kubectl', folder, version, variable: 'MIZZEN_KUBECTL', takes: 'about 2 minutes', stamps: kubernetesStamps(version) }, say);

/** Path of helm. */
export const findHelm = (say = (_text) => {}) =>
  findGoProgram(
    {
      name: 'helm',
      folder,
      version: requiredVersion(folder, 'helm.sh/helm/v4'),
      variable: 'MIZZEN_HELM',
      takes: 'about 2 minutes',
      target: 'helm.sh/helm/v4/cmd/helm',
    },
    say,
  );
