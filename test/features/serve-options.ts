import { join } from 'node:path';
import { parseAddress, type ServeOptions, serveOptions } from '../../src/server/options.js';

/** Options of a control plane on free ports of loopback, whose mesh and data are in a folder of the test. */
export function optionsIn(folder: string, more: Partial<ServeOptions> = {}): ServeOptions {
  const free = parseAddress('127.0.0.1:0');
  const addresses = { xdsAddress: free, xdsTlsAddress: free, httpAddress: free };
  return serveOptions({ config: [join(folder, 'mesh')], dataDir: join(folder, 'data'), ...addresses, ...more });
}
