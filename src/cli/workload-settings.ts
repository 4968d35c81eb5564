/**
 * What the mesh's folder says about one workload's proxy: its ProxyConfig and patches of its bootstrap. The same code path as the server's, over files
 * that are read once. For `mizzen bootstrap`.
 */
import { readFileSync } from 'node:fs';
import type { JsonObject } from '@bufbuild/protobuf';
import { parse } from 'yaml';
import type { AnyRow } from '../api/kinds.js';
import type { ProxyConfig } from '../api/mesh-config.js';
import { formatProblem } from '../api/problem.js';
import { messageOf } from '../ca/errors.js';
import { DEFAULT_SETTINGS } from '../model/define-mesh.js';
import { type NodeDescription, NodeError, parseNode } from '../model/proxy-node.js';
import { addResources, createMesh } from '../server/mesh-instance.js';
import { loadMeshConfig, loadResources } from '../sources/load.js';
import { mergeBootstraps } from '../translate/patch/bootstrap.js';
import { CliError } from './cli-error.js';

export interface WorkloadSettings {
  readonly config: ProxyConfig;
  /** Lays the mesh's EnvoyFilter patches over a bootstrap. */
  readonly patch: (bootstrap: JsonObject) => JsonObject;
}

/** Problems of the files go to standard error: what is wrong with one resource costs that resource. */
export function workloadSettings(
  files: { readonly config?: readonly string[]; readonly meshConfig?: string; readonly cluster: string },
  node: NodeDescription,
): WorkloadSettings {
  const resources = loadResources(files.config ?? []);
  const settings = files.meshConfig === undefined ? { rows: [], problems: [] } : loadMeshConfig(files.meshConfig);
  for (const problem of [...settings.problems, ...resources.problems]) console.error(formatProblem(problem));
  const { mesh, views } = createMesh({ ...DEFAULT_SETTINGS, clusterId: files.cluster });
  addResources(mesh, [...resources.resources, ...settings.rows] as AnyRow[]);
  const proxy = parsedNode(node);
  mesh.graph.transaction(() => mesh.rows.proxies.set(proxy));
  return { config: mesh.proxyConfigs.effective(proxy), patch: (bootstrap) => views.patchedBootstrap(proxy.key, bootstrap) };
}

/** A bootstrap of the user's own, YAML or JSON, over ours. */
export function overrideBootstrap(bootstrap: JsonObject, file: string): JsonObject {
  try {
    return mergeBootstraps(bootstrap, parse(readFileSync(file, 'utf8')) as JsonObject);
  } catch (error) {
    throw new CliError(`${file}: ${messageOf(error)}`);
  }
}

/** @throws CliError for a node that cannot be a proxy. */
export function parsedNode(node: NodeDescription): ReturnType<typeof parseNode> {
  try {
    return parseNode(node);
  } catch (error) {
    if (error instanceof NodeError) throw new CliError(error.message, 2);
    throw error;
  }
}
