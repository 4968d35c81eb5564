/** Options about where the mesh is read from, and who may say what in it. */
import { delimiter } from 'node:path';
import { DEFAULT_SETTINGS } from '../../model/define-mesh.js';
import { MCS_PARTS } from '../../model/multi-cluster-services.js';
import { parseRemoteClusters, type RemoteCluster } from '../../sources/remote-cluster.js';
import { HOST_OWNERSHIP } from '../host-owners.js';
import { list, optional, setting } from './setting.js';
import { oneOf, parseMs } from './values.js';

export const SOURCE_SETTINGS = {
  config: setting<readonly string[]>({
    flag: 'config',
    argument: '<path...>',
    help: 'files and folders of mesh configuration, watched',
    default: [],
    isList: true,
    parse: (text) => text.split(delimiter).filter((path) => path !== ''),
  }),
  cluster: setting<string>({
    flag: 'cluster',
    argument: '<name>',
    help: 'name of the cluster that --config describes, as its proxies say it (CLUSTER_ID)',
    default: DEFAULT_SETTINGS.clusterId,
    parse: String,
  }),
  remoteCluster: setting<readonly RemoteCluster[]>({
    flag: 'remote-cluster',
    argument: '<name=path...>',
    help: 'files and folders of another cluster, watched: its Services, EndpointSlices, Pods, Nodes, Namespaces, WorkloadEntries and Secrets',
    default: [],
    isList: true,
    parse: parseRemoteClusters,
  }),
  meshConfig: optional({
    flag: 'mesh-config',
    argument: '<file>',
    help: 'MeshConfig as YAML, watched',
  }),
  watchNamespaces: list({
    flag: 'watch-namespaces',
    argument: '<namespace...>',
    help: 'read resources of these namespaces only',
  }),
  debounceAfter: setting<number>({
    flag: 'debounce-after',
    argument: '<duration>',
    help: 'quiet time before changes are taken over',
    default: 10,
    parse: parseMs,
  }),
  debounceMax: setting<number>({
    flag: 'debounce-max',
    argument: '<duration>',
    help: 'longest time that changes wait for quiet',
    default: 1000,
    parse: parseMs,
  }),
  hostOwnership: setting<(typeof HOST_OWNERSHIP)[number]>({
    flag: 'host-ownership',
    argument: '<mode>',
    help: 'strict: namespaces route, for others, only hosts that they own; or off',
    default: 'off',
    parse: oneOf(...HOST_OWNERSHIP),
  }),
  hostOwners: optional({
    flag: 'host-owners',
    argument: '<file>',
    help: 'YAML list of {host, namespaces}: names and addresses that namespaces own beside those of their own services',
  }),
  mcs: list({
    flag: 'mcs',
    argument: '<part...>',
    help: `Multi-Cluster Services, off unless named: ${MCS_PARTS.join(', ')}; cluster-local needs host, host needs discovery, and brings it`,
    parseOne: oneOf(...MCS_PARTS),
  }),
} as const;
