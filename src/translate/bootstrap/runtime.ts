/**
 * Envoy's runtime: our defaults, and the user's values over them (PC-018); an empty value takes a default away.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/operations/runtime
 */
import type { ProxyConfig } from '../../api/mesh-config.js';
import type { Json } from './workload.js';

const DEFAULTS: Json = {
  // Routes of large meshes hold long regular expressions.
  're2.max_program_size.error_level': 32768,
};

/** The limit of connections is not Envoy's runtime any more; it moved to the overload manager. */
const CONNECTION_LIMIT = 'overload.global_downstream_max_connections';
const NO_LIMIT = 2147483647;

/** The static layer. Values are texts in ProxyConfig; Envoy wants true and false as such. */
export function runtimeLayer({ runtimeValues = {} }: ProxyConfig): Json {
  const values: Json = { ...DEFAULTS };
  for (const [key, value] of Object.entries(runtimeValues)) {
    if (value === '') delete values[key];
    else if (key !== CONNECTION_LIMIT) values[key] = value === 'true' || value === 'false' ? value === 'true' : value;
  }
  return values;
}

/** How many connections an Envoy takes from clients: ProxyConfig's setting, else the metadata's, else the former runtime value (PC-014). */
export function connectionLimit({ connectionSettings, proxyMetadata = {}, runtimeValues = {} }: ProxyConfig): number {
  const said = [
    connectionSettings?.globalDownstreamConnectionLimit,
    proxyMetadata['ISTIO_META_GLOBAL_DOWNSTREAM_MAX_CONNECTIONS'],
    runtimeValues[CONNECTION_LIMIT],
  ].map(Number);
  return said.find((limit) => Number.isInteger(limit) && limit > 0) ?? NO_LIMIT;
}
