/**
 * ProxyConfig.connectionSettings: limits of connections and requests (PC-014). With the profile EDGE, a gateway has what Envoy advises at the edge
 * wherever nothing else is said. https://www.envoyproxy.io/docs/envoy/latest/configuration/best_practices/edge
 */
import {
  type Http2ProtocolOptions,
  type HttpProtocolOptions,
  HttpProtocolOptions_HeadersWithUnderscoresAction as Underscores,
} from '@envoyproxy/xds-protos/envoy/config/core/v3/protocol.js';
import {
  HttpConnectionManager_PathWithEscapedSlashesAction as EscapedSlashes,
  type HttpConnectionManager,
} from '@envoyproxy/xds-protos/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.js';
import type { ConnectionSettings } from '../../api/mesh-config.js';
import { duration, type Partial, parseDuration } from '../proto.js';

const EDGE: ConnectionSettings = {
  listenerPerConnectionBufferLimitBytes: 32 << 10,
  httpIdleTimeout: '3600s',
  httpStreamIdleTimeout: '300s',
  httpRequestTimeout: '300s',
  httpRequestHeadersTimeout: '60s',
  httpMaxConcurrentStreams: 100,
  http2InitialStreamWindowSize: 64 << 10,
  http2InitialConnectionWindowSize: 1 << 20,
  httpHeadersWithUnderscoresAction: 'HEADERS_WITH_UNDERSCORES_REJECT_REQUEST',
  httpMergeSlashes: true,
  httpPathWithEscapedSlashesAction: 'UNESCAPE_AND_REDIRECT',
};

/** Words that leave the choice to someone else. */
const UNSPECIFIED: readonly unknown[] = ['HEADERS_WITH_UNDERSCORES_UNSPECIFIED', 'PATH_WITH_ESCAPED_SLASHES_UNSPECIFIED', undefined, null];

/** What holds for a proxy: undefined where nothing is said. */
export function connectionSettings(said: ConnectionSettings | undefined, isGateway: boolean): ConnectionSettings | undefined {
  if (said === undefined) return undefined;
  const own = Object.fromEntries(Object.entries(said).filter(([, value]) => !UNSPECIFIED.includes(value)));
  return said.profile === 'EDGE' && isGateway ? { ...EDGE, ...own } : own;
}

type Draft = Partial<HttpConnectionManager>;
type Blocks = { readonly [Field in keyof ConnectionSettings]-?: (draft: Draft, value: NonNullable<ConnectionSettings[Field]>) => void };

const elsewhere = (): void => {};
const common = (draft: Draft, options: Partial<HttpProtocolOptions>): void => {
  draft.commonHttpProtocolOptions = { ...draft.commonHttpProtocolOptions, ...options };
};
/** Of negative numbers nothing is left but the options themselves, as in the reference. */
const http2 = (draft: Draft, field: keyof Http2ProtocolOptions, value: number): void => {
  draft.http2ProtocolOptions = { ...draft.http2ProtocolOptions, ...(value >= 0 && { [field]: value }) };
};

const BLOCKS: Blocks = {
  /** Resolved above. */
  profile: elsewhere,
  /** Of the listener (gateway/listener.ts). */
  listenerPerConnectionBufferLimitBytes: elsewhere,
  /** Of the whole proxy: its bootstrap. */
  globalDownstreamConnectionLimit: elsewhere,
  httpIdleTimeout: (draft, value) => common(draft, { idleTimeout: duration(value) }),
  httpMaxConnectionDuration: (draft, value) => common(draft, { maxConnectionDuration: duration(value) }),
  httpMaxStreamDuration: (draft, value) => common(draft, { maxStreamDuration: duration(value) }),
  httpStreamIdleTimeout(draft, value) {
    draft.streamIdleTimeout = duration(value);
  },
  httpRequestTimeout(draft, value) {
    draft.requestTimeout = duration(value);
  },
  httpRequestHeadersTimeout(draft, value) {
    draft.requestHeadersTimeout = duration(value);
  },
  httpDrainTimeout(draft, value) {
    draft.drainTimeout = duration(value);
  },
  httpMaxConcurrentStreams: (draft, value) => http2(draft, 'maxConcurrentStreams', value),
  http2InitialStreamWindowSize: (draft, value) => http2(draft, 'initialStreamWindowSize', value),
  http2InitialConnectionWindowSize: (draft, value) => http2(draft, 'initialConnectionWindowSize', value),
  httpHeadersWithUnderscoresAction: (draft, value) => common(draft, { headersWithUnderscoresAction: UNDERSCORES[value] ?? Underscores.ALLOW }),
  /** Over what MeshConfig.pathNormalization says, as is the next one. */
  httpMergeSlashes(draft, value) {
    draft.mergeSlashes = value;
  },
  httpPathWithEscapedSlashesAction(draft, value) {
    draft.pathWithEscapedSlashesAction = ESCAPED[value] ?? EscapedSlashes.KEEP_UNCHANGED;
  },
};

const UNDERSCORES: Readonly<Record<string, Underscores>> = {
  HEADERS_WITH_UNDERSCORES_REJECT_REQUEST: Underscores.REJECT_REQUEST,
  HEADERS_WITH_UNDERSCORES_DROP_HEADER: Underscores.DROP_HEADER,
};

const ESCAPED: Readonly<Record<string, EscapedSlashes>> = {
  REJECT_REQUEST: EscapedSlashes.REJECT_REQUEST,
  UNESCAPE_AND_REDIRECT: EscapedSlashes.UNESCAPE_AND_REDIRECT,
  UNESCAPE_AND_FORWARD: EscapedSlashes.UNESCAPE_AND_FORWARD,
};

/** A value that is none comes from a node, where nothing validates it: it is left out. */
const isUsable = (field: string, value: unknown): boolean => {
  if (/Timeout$|Duration$/.test(field)) return typeof value === 'string' && parseDuration(value) !== undefined;
  if (/Streams$|Size$|Bytes$|Limit$/.test(field)) return Number.isInteger(value);
  return field === 'httpMergeSlashes' ? typeof value === 'boolean' : typeof value === 'string';
};

/** Lays the settings over a connection manager. */
export function applyConnectionSettings(draft: Draft, settings: ConnectionSettings): void {
  for (const field of Object.keys(BLOCKS) as (keyof ConnectionSettings)[]) {
    const value = settings[field];
    if (value !== undefined && isUsable(field, value)) (BLOCKS[field] as (draft: Draft, value: unknown) => void)(draft, value);
  }
}

/** How many bytes a gateway keeps of one connection; undefined: Envoy's default. */
export function bufferLimit({ listenerPerConnectionBufferLimitBytes: limit }: ConnectionSettings = {}): number | undefined {
  return typeof limit === 'number' && Number.isInteger(limit) && limit >= 0 ? limit : undefined;
}
