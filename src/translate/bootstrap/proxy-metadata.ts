/**
 * Node metadata out of ProxyConfig (PC-008, PC-022): Istio's agent reads variables of the environment that begin with ISTIO_META_ and
 * ISTIO_METAJSON_; without an agent they are put into the bootstrap.
 * https://istio.io/latest/docs/reference/commands/pilot-agent/#envvars
 */
import type { ProxyConfig } from '../../api/mesh-config.js';
import type { Json } from './workload.js';

const TEXT = 'ISTIO_META_';
const OBJECT = 'ISTIO_METAJSON_';

/** @throws Error for an ISTIO_METAJSON_ variable that is no JSON object. */
export function proxyMetadata({ proxyMetadata: variables = {}, meshId }: ProxyConfig): Json {
  const metadata: Json = meshId === undefined || meshId === '' ? {} : { MESH_ID: meshId };
  for (const [name, value] of Object.entries(variables)) {
    if (name.startsWith(TEXT)) metadata[name.slice(TEXT.length)] = value;
    else if (name.startsWith(OBJECT)) Object.assign(metadata, jsonObject(name, value));
  }
  return metadata;
}

/** Variables that are for a program beside Envoy, which is not here. */
export const otherVariables = ({ proxyMetadata: variables = {} }: ProxyConfig): readonly string[] =>
  Object.keys(variables).filter((name) => !name.startsWith(TEXT) && !name.startsWith(OBJECT));

function jsonObject(name: string, text: string): Json {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  } catch {
    // told below
  }
  throw new Error(`proxyMetadata.${name}: ${JSON.stringify(text)} is not a JSON object`);
}
