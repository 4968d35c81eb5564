/**
 * Served bytes → canonical proto3 JSON with every Any expanded, for `translate`, /debug and tests.
 * https://protobuf.dev/programming-guides/json/
 */
import { fromBinary, toJson } from '@bufbuild/protobuf';
import { Cluster } from '@envoyproxy/xds-protos/envoy/config/cluster/v3/cluster.js';
import { TypedExtensionConfig } from '@envoyproxy/xds-protos/envoy/config/core/v3/extension.js';
import { ClusterLoadAssignment } from '@envoyproxy/xds-protos/envoy/config/endpoint/v3/endpoint.js';
import { Listener } from '@envoyproxy/xds-protos/envoy/config/listener/v3/listener.js';
import { RouteConfiguration } from '@envoyproxy/xds-protos/envoy/config/route/v3/route.js';
import { VirtualHost } from '@envoyproxy/xds-protos/envoy/config/route/v3/route_components.js';
import { Secret } from '@envoyproxy/xds-protos/envoy/extensions/transport_sockets/tls/v3/secret.js';
import { Any } from '@envoyproxy/xds-protos/google/protobuf/any.js';
import { StringValue } from '@envoyproxy/xds-protos/google/protobuf/wrappers.js';
import { ProxyConfig } from '@envoyproxy/xds-protos/istio/mesh/v1alpha1/proxy.js';
import { NameTable } from '@envoyproxy/xds-protos/istio/networking/nds/v1/nds.js';
import { messageTypeRegistry } from '@envoyproxy/xds-protos/typeRegistry.js';
import { envoyTypes, typeOfUrl } from '../translate/patch/envoy-types.js';
import type { EncodedResource } from './encode.js';
import {
  CLUSTER_TYPE,
  ENDPOINT_TYPE,
  EXTENSION_TYPE,
  LISTENER_TYPE,
  NAME_TABLE_TYPE,
  PROXY_CONFIG_TYPE,
  ROUTE_TYPE,
  SECRET_TYPE,
  VIRTUAL_HOST_TYPE,
} from './type-urls.js';

interface Codec {
  decode(bytes: Uint8Array): unknown;
  toJSON(message: never): unknown;
}
const CODECS: Readonly<Record<string, Codec>> = {
  [CLUSTER_TYPE]: Cluster,
  [ENDPOINT_TYPE]: ClusterLoadAssignment,
  [LISTENER_TYPE]: Listener,
  [ROUTE_TYPE]: RouteConfiguration,
  [VIRTUAL_HOST_TYPE]: VirtualHost,
  [SECRET_TYPE]: Secret,
  [EXTENSION_TYPE]: TypedExtensionConfig,
  [NAME_TABLE_TYPE]: NameTable,
  [PROXY_CONFIG_TYPE]: ProxyConfig,
};

/** The resource as JSON. Throws for types that nobody knows. */
export function resourceToJson(resource: EncodedResource): Record<string, unknown> {
  const { typeUrl, value } = Any.decode(resource.body);
  const codec = CODECS[typeUrl];
  try {
    if (codec === undefined) throw new Error(`no JSON for ${typeUrl}`);
    return codec.toJSON(codec.decode(value) as never) as Record<string, unknown>;
  } catch (error) {
    // An EnvoyFilter can bring in types that no generated code knows.
    const type = typeOfUrl(typeUrl);
    if (type === undefined) throw error;
    return toJson(type, fromBinary(type, value), { registry: envoyTypes() }) as Record<string, unknown>;
  }
}

/** The decoded message of a resource. */
export function decodeResource(resource: EncodedResource): unknown {
  const { typeUrl, value } = Any.decode(resource.body);
  return CODECS[typeUrl]?.decode(value);
}

// A StringValue inside an Any is `{"@type": …, "value": "x"}` in proto3 JSON: the generated codec of Any puts the value there, that of the message an object.
messageTypeRegistry.set(StringValue.$type, {
  ...StringValue,
  toJSON: (message: { value: string }) => message.value,
  fromJSON: (json: unknown) => StringValue.fromPartial({ value: typeof json === 'string' ? json : '' }),
} as never);
