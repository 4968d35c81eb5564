/** The filter that leads requests back to the endpoint of their session (SD-060). Empty: routes to services with sessions say how. */
import { StatefulSession } from '@envoyproxy/xds-protos/envoy/extensions/filters/http/stateful_session/v3/stateful_session.js';
import { toAny } from '../proto.js';
import type { HttpFilter } from './index.js';

export const STATEFUL_SESSION = 'envoy.filters.http.stateful_session';

const filter = { name: STATEFUL_SESSION, configType: { $case: 'typedConfig' as const, value: toAny(StatefulSession, {}) } };

export const statefulSession: HttpFilter = ({ side, sessions = false }) => (sessions && side !== 'inbound' ? filter : undefined);
