/** The state of a server that has nothing, for tests that ask which metrics there are. */
import type { ScrapedState } from '../scraped-state.js';

export const NOTHING_SCRAPED: ScrapedState = {
  services: 0,
  virtualServices: 0,
  configErrors: 0,
  refusedHosts: 0,
  rootExpiry: 0,
  chainExpiry: 0,
  workloadExpiry: undefined,
  conflicts: {
    endpointsWithoutPod: 0,
    proxiesWithoutService: 0,
    proxiesNotReady: 0,
    inboundPorts: 0,
    outboundTcpPorts: 0,
    clusterNames: 0,
    emptyClusters: 0,
    emptyDnsClusters: 0,
    virtualServiceHosts: 0,
    subsets: 0,
  },
  clusters: { local: 1, remote: [] },
  xds: { queued: 0, bufferedBytes: 0, openChanges: 0 },
  graph: { revision: 0, runs: 0, memos: 0, edges: 0, cells: 0, idle: 0, watches: 0, rows: {} },
};
