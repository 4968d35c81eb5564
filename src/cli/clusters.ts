/** The options of commands that read files of several clusters. */
import { InvalidArgumentError, Option } from 'commander';
import { SETTINGS } from '../server/options.js';
import { type Loaded, loadResources } from '../sources/load.js';
import { joinRemoteClusters, parseRemoteClusters, type RemoteCluster } from '../sources/remote-cluster.js';
import { CliError } from './cli-error.js';

/** Name of the cluster whose configuration holds. */
export const clusterOption = (): Option => new Option('--cluster <name>', SETTINGS.cluster.help).default(SETTINGS.cluster.default);

/** Files of remote clusters. */
export const remoteClusterOption = (): Option =>
  new Option('--remote-cluster <name=path...>', 'files and folders of another cluster')
    .default([])
    .argParser((text: string, previous: readonly RemoteCluster[]) => {
      try {
        return [...previous, ...parseRemoteClusters(text)];
      } catch (error) {
        throw new InvalidArgumentError((error as Error).message);
      }
    });

/** Reads the files of all clusters, that of the configuration first. */
export function loadClusters(
  paths: readonly string[],
  options: { readonly cluster: string; readonly remoteCluster: readonly RemoteCluster[] },
): Loaded {
  const loaded = [loadResources(paths), ...remoteClusters(options).map((remote) => loadResources(remote.paths, { cluster: remote.cluster }))];
  return { resources: loaded.flatMap(({ resources }) => resources), problems: loaded.flatMap(({ problems }) => problems) };
}

function remoteClusters({ cluster, remoteCluster }: Parameters<typeof loadClusters>[1]): readonly RemoteCluster[] {
  try {
    return joinRemoteClusters(remoteCluster, cluster);
  } catch (error) {
    throw new CliError((error as Error).message, 2);
  }
}
