/**
 * What a stock Envoy's access logger of statistics can do, by what the Envoy says of itself: its version, and the extensions that it was built with.
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/core/v3/base.proto#config-core-v3-node
 */
import type { Node } from '@envoyproxy/xds-protos/envoy/config/core/v3/base.js';
import type { StatsLogger } from '../model/proxy.js';

const EXTENSION = 'envoy.access_loggers.stats';

/** undefined for a client without it. Rules came with 1.38, bounded scopes with 1.39. */
export function statsLoggerOf({ userAgentName, userAgentVersionType, extensions }: Node): StatsLogger | undefined {
  if (userAgentName !== 'envoy' || userAgentVersionType?.$case !== 'userAgentBuildVersion') return undefined;
  if (!extensions.some(({ name, disabled }) => name === EXTENSION && !disabled)) return undefined;
  const { majorNumber = 0, minorNumber = 0 } = userAgentVersionType.value.version ?? {};
  if (majorNumber > 1 || minorNumber >= 39) return 'scope';
  return minorNumber === 38 ? 'rules' : 'tags';
}
