/** The two ADS methods: what differs between them is how a request is read and which rules its types follow. */
import type { Node } from '@envoyproxy/xds-protos/envoy/config/core/v3/base.js';
import { DeltaDiscoveryRequest, DiscoveryRequest } from '@envoyproxy/xds-protos/envoy/service/discovery/v3/discovery.js';
import { DeltaSubscription } from './delta.js';
import { cutNames, requireShortNames } from './name-lists.js';
import type { XdsVariant } from './observer.js';
import { SotwSubscription } from './sotw.js';
import type { Subscription } from './subscription.js';

/** What both request messages have in common. */
export interface AnyRequest {
  readonly node: Node | undefined;
  readonly typeUrl: string;
  readonly responseNonce: string;
  readonly errorDetail: { readonly code: number; readonly message: string } | undefined;
}

/** One ADS method. */
export interface Variant<Request extends AnyRequest> {
  readonly name: XdsVariant;
  readonly path: string;
  decode(bytes: Uint8Array): Request;
  subscribe(typeUrl: string): Subscription<Request>;
}

/** Shared lists must not be changed; the messages' types do not say so. */
const joined = (shared: readonly string[], others: readonly string[]): string[] =>
  others.length === 0 ? (shared as string[]) : [...shared, ...others];

/** What a client says of its error is kept, logged and shown: this many characters of it. */
const MAX_ERROR = 4_096;

/** A request with so much of its error as is kept. Copied: a part of a text would hold the whole in memory. */
function withShortError<Request extends { errorDetail?: { message: string } | undefined }>(request: Request): Request {
  const { errorDetail } = request;
  if (errorDetail !== undefined && errorDetail.message.length > MAX_ERROR)
    errorDetail.message = `${Buffer.from(errorDetail.message.slice(0, MAX_ERROR)).toString()}…`;
  return request;
}

const service = '/envoy.service.discovery.v3.AggregatedDiscoveryService';

/** StreamAggregatedResources. */
export const sotwVariant: Variant<DiscoveryRequest> = {
  name: 'sotw',
  path: `${service}/StreamAggregatedResources`,
  decode(bytes) {
    const { rest, names } = cutNames(bytes);
    requireShortNames(rest);
    const request = withShortError(DiscoveryRequest.decode(rest));
    return names === undefined ? request : { ...request, resourceNames: joined(names, request.resourceNames) };
  },
  subscribe: (typeUrl) => new SotwSubscription(typeUrl),
};

/** DeltaAggregatedResources. */
export const deltaVariant: Variant<DeltaDiscoveryRequest> = {
  name: 'delta',
  path: `${service}/DeltaAggregatedResources`,
  decode(bytes) {
    const { rest, names } = cutNames(bytes);
    requireShortNames(rest);
    const request = withShortError(DeltaDiscoveryRequest.decode(rest));
    return names === undefined ? request : { ...request, resourceNamesSubscribe: joined(names, request.resourceNamesSubscribe) };
  },
  subscribe: (typeUrl) => new DeltaSubscription(typeUrl),
};
