/**
 * The peer header at connection managers, before everything else (TE-018): clients note what they would say of themselves, which clusters send to
 * servers of the mesh; servers read it where mutual TLS proves that a workload of the mesh sent it. Wherever else it comes from it is taken
 * away: from applications, from outside, and from plaintext. https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/header_to_metadata_filter
 */
import {
  Config,
  Config_ValueEncode as Encode,
  Config_ValueType as Type,
} from '@envoyproxy/xds-protos/envoy/extensions/filters/http/header_to_metadata/v3/header_to_metadata.js';
import { type Partial, toAny } from '../proto.js';
import { encodePeer, NOTE, PEER, PEER_HEADER, SELF, UNKNOWN_PEER } from '../stats-log/peer-header.js';
import type { HttpFilter } from './index.js';

/** Also where no metrics are made: others of the mesh send the header. */
export const peerHeader: HttpFilter = ({ side, self, mutualTls = false }) => {
  if (self === undefined) return undefined;
  if (side === 'inbound') return mutualTls ? READ : REMOVE;
  const note = { metadataNamespace: SELF, key: NOTE, value: encodePeer(self) };
  return filter({ requestRules: [{ ...named, onHeaderPresent: note, onHeaderMissing: note }] });
};

const filter = (config: Partial<Config>) => ({
  name: 'envoy.filters.http.header_to_metadata',
  configType: { $case: 'typedConfig' as const, value: toAny(Config, config) },
});
const named = { header: PEER_HEADER, remove: true };

const said = { metadataNamespace: PEER, key: NOTE, type: Type.PROTOBUF_VALUE, encode: Encode.BASE64 };
const READ = filter({ requestRules: [{ ...named, onHeaderPresent: said, onHeaderMissing: { ...said, value: UNKNOWN_PEER } }] });
const REMOVE = filter({ requestRules: [{ ...named, onHeaderPresent: { metadataNamespace: SELF, key: NOTE, value: '-' } }] });
