/**
 * A real kube-apiserver (with etcd inside) for the end-to-end tests, built with Go from e2e/kube-apiserver: `MIZZEN_KUBE_APISERVER`, else the
 * user's cache folder. The first build takes about 6 minutes on 2 cores and 3 GB of Go's caches. Plain Node.
 *
 * As a command: `node scripts/kube-apiserver.mjs` prints the path.
 */
import { pathToFileURL } from 'node:url';
import { findGoProgram, goProgramPath, kubernetesStamps, requiredVersion } from './go-program.mjs';

const folder = 'kube-apiserver';
const version = requiredVersion(folder, 'k8s.io/kubernetes');
const program = {
  name: 'kube-apiserver',
  folder,
  version,
  variable: 'MIZZEN_KUBE_APISERVER',
  takes: 'about 6 minutes',
  stamps: kubernetesStamps(version),
};

/** Where the program is, or will be once it was built. */
export const kubeApiserverPath = () => goProgramPath(program);

/** Path of the program; builds it when it is not there. `say` hears about that. */
export const findKubeApiserver = (say = (_text) => {}) => findGoProgram(program, say);

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    process.stdout.write(`${await findKubeApiserver((text) => process.stderr.write(`${text}\n`))}\n`);
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
