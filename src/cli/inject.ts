/** `mizzen inject -f FILE`: pods and workloads with their proxies, as the webhook would have them. */
import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { parseAllDocuments, stringify } from 'yaml';
import type { AnyRow } from '../api/kinds.js';
import { formatProblem } from '../api/problem.js';
import { messageOf } from '../ca/errors.js';
import { decideInjection } from '../injection/decision.js';
import { type InjectionConfig, injectPod } from '../injection/inject.js';
import { annotationsOf, labelsOf, type Pod } from '../injection/pod.js';
import { readInjectionConfig } from '../injection/settings.js';
import { type FoundPod, mapPods } from '../injection/workload.js';
import type { Mesh } from '../model/mesh.js';
import { addResources, createMesh } from '../server/mesh-instance.js';
import { loadMeshConfig, loadResources } from '../sources/load.js';
import { splitParts } from '../yaml/parse-yaml.js';
import { CliError } from './cli-error.js';

interface Options {
  filename: string[];
  injectConfig?: string;
  meshConfig?: string;
  config?: string[];
  revision?: string;
  nativeSidecars: 'true' | 'false';
}

export function addInject(program: Command): void {
  program
    .command('inject')
    .description('print Kubernetes objects with a proxy in each pod, as the webhook would make them')
    .requiredOption('-f, --filename <file...>', 'files of Kubernetes objects; - is standard input')
    .option('--inject-config <file>', 'settings of injection: our own, or the ConfigMap istio-sidecar-injector')
    .option('--mesh-config <file>', 'MeshConfig as YAML, or the ConfigMap that holds it')
    .option('--config <path...>', "the mesh's files and folders: ProxyConfigs of them are followed")
    .option('--revision <name>', 'revision that the proxies are of')
    .addOption(
      new Option('--native-sidecars <bool>', 'whether nodes know native sidecars (Kubernetes 1.33)').choices(['true', 'false']).default('true'),
    )
    .action((options: Options) => {
      const config = settings(options);
      const mesh = meshOf(options);
      const inject = (found: FoundPod): Pod => injected(found, config, mesh, options.nativeSidecars === 'true');
      for (const file of options.filename) process.stdout.write(injectText(textOf(file), file, inject));
    });
}

/** Documents without pods stay as they were written. */
function injectText(text: string, file: string, inject: (found: FoundPod) => Pod): string {
  return splitParts(text)
    .map((part) => {
      const documents = parseAllDocuments(part.text);
      const error = documents.flatMap(({ errors }) => errors)[0];
      if (error !== undefined) throw new CliError(`${file}:${part.line + (error.linePos?.[0].line ?? 1)}: ${error.message.split('\n')[0]}`);
      const objects = documents.map((document) => document.toJS() as unknown);
      const mapped = objects.map((object) => mapPods(object, inject));
      const isSame = mapped.every((object, index) => object === objects[index]);
      const text = isSame ? part.text : mapped.map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false })).join('---\n');
      return `${text.replace(/^---\s*\n/, '').trimEnd()}\n`;
    })
    .join('---\n');
}

function injected({ pod, namespace, owner, name }: FoundPod, config: InjectionConfig, mesh: Mesh, nativeSidecars: boolean): Pod {
  const decision = decideInjection(pod, namespace, config);
  if (!decision.inject) {
    console.error(`mizzen: ${name} stays as it is: ${decision.reason}`);
    return pod;
  }
  try {
    const proxyConfig = mesh.proxyConfigs.effective({
      namespace,
      labels: labelsOf(pod),
      metadata: { ANNOTATIONS: annotationsOf(pod) },
    });
    return injectPod({ pod, ...(owner && { owner }), meshConfig: mesh.config(), proxyConfig, nativeSidecars }, config);
  } catch (error) {
    throw new CliError(`${name}: ${messageOf(error)}`);
  }
}

function settings({ injectConfig, revision }: Options): InjectionConfig {
  try {
    return readInjectionConfig(injectConfig === undefined ? '' : readFileSync(injectConfig, 'utf8'), revision === undefined ? {} : { revision });
  } catch (error) {
    throw new CliError(`${injectConfig}: ${messageOf(error)}`);
  }
}

function meshOf({ config = [], meshConfig }: Options): Mesh {
  const resources = loadResources(config);
  const mesh = meshConfig === undefined ? { rows: [], problems: [] } : loadMeshConfig(meshConfig);
  for (const problem of [...mesh.problems, ...resources.problems]) console.error(formatProblem(problem));
  const instance = createMesh();
  addResources(instance.mesh, [...resources.resources, ...mesh.rows] as AnyRow[]);
  return instance.mesh;
}

function textOf(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new CliError(messageOf(error));
  }
}
