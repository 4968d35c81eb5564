/**
 * TLS versions, cipher suites and curves of a Gateway's server (GW-018). The mesh's tlsDefaults come first, the server's own settings win.
 * https://istio.io/latest/docs/reference/config/networking/gateway/#ServerTLSSettings
 */
import {
  type TlsParameters,
  TlsParameters_TlsProtocol as TlsProtocol,
} from '@envoyproxy/xds-protos/envoy/extensions/transport_sockets/tls/v3/common.js';
import type { ServerTLSSettings } from '../../api/istio.js';
import type { TLSConfig } from '../../api/mesh-config.js';
import type { Partial } from '../proto.js';

const PROTOCOLS: Readonly<Record<string, TlsProtocol>> = {
  TLSV1_0: TlsProtocol.TLSv1_0,
  TLSV1_1: TlsProtocol.TLSv1_1,
  TLSV1_2: TlsProtocol.TLSv1_2,
  TLSV1_3: TlsProtocol.TLSv1_3,
};

/** Suites that Envoy's TLS library knows; those of TLS 1.3 cannot be chosen. One unknown suite would make it refuse the listener. */
const SUITES: ReadonlySet<string> = new Set([
  ...['128-GCM-SHA256', '256-GCM-SHA384', '128-SHA', '256-SHA'].flatMap((suite) => [
    `ECDHE-ECDSA-AES${suite}`,
    `ECDHE-RSA-AES${suite}`,
    `AES${suite}`,
  ]),
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'DES-CBC3-SHA',
]);

/** undefined when neither the mesh nor the server says anything: Envoy's defaults hold. */
export function tlsParameters(tls: ServerTLSSettings, defaults: TLSConfig | undefined): Partial<TlsParameters> | undefined {
  const minimum = protocol(tls.minProtocolVersion) ?? protocol(defaults?.minProtocolVersion);
  const maximum = protocol(tls.maxProtocolVersion);
  const cipherSuites = firstNonEmpty(knownSuites(tls.cipherSuites), defaults?.cipherSuites);
  const ecdhCurves = firstNonEmpty(tls.ecdhCurves, defaults?.ecdhCurves);
  const parameters: Partial<TlsParameters> = {
    ...(minimum === undefined ? {} : { tlsMinimumProtocolVersion: minimum }),
    ...(maximum === undefined ? {} : { tlsMaximumProtocolVersion: maximum }),
    ...(cipherSuites === undefined ? {} : { cipherSuites }),
    ...(ecdhCurves === undefined ? {} : { ecdhCurves }),
  };
  return Object.keys(parameters).length === 0 ? undefined : parameters;
}

const protocol = (version: string | undefined): TlsProtocol | undefined => (version === undefined ? undefined : PROTOCOLS[version]);

/** Beside names, expressions of the TLS library such as `ALL` and `-RSA` pass as they are. */
const isKnown = (suite: string): boolean => SUITES.has(suite) || suite === '' || suite === 'ALL' || !/^[\p{L}\p{N}]/u.test(suite);
const knownSuites = (suites: readonly string[] | undefined): string[] => [...new Set(suites)].filter(isKnown);

const firstNonEmpty = (...lists: readonly (readonly string[] | undefined)[]): string[] | undefined => {
  const found = lists.find((list) => list !== undefined && list.length > 0);
  return found === undefined ? undefined : [...found];
};
