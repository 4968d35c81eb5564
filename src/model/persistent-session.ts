/**
 * Sessions that stay with one endpoint of a service, by labels of the service (SD-060). What the label says holds only where the operator lets it
 * (`--persistent-sessions`), as with istiod's PILOT_ENABLE_PERSISTENT_SESSION_FILTER.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/stateful_session_filter
 */
import type { Labels } from './labels.js';

const COOKIE = 'istio.io/persistent-session';
const HEADER = 'istio.io/persistent-session-header';

/** Where a client keeps which endpoint it had. */
export type PersistentSession = { readonly cookie: string; readonly path: string } | { readonly header: string };

/** A service whose endpoints go on serving their sessions while they drain. */
export const hasSessions = (labels: Labels): boolean => labels[COOKIE] !== undefined || labels[HEADER] !== undefined;

/** `NAME` or `NAME:PATH` of a cookie, else the name of a header; undefined for labels that name neither. */
export function persistentSession(labels: Labels): PersistentSession | undefined {
  const [cookie = '', ...path] = (labels[COOKIE] ?? '').split(':');
  if (labels[COOKIE]) return { cookie, path: path.length === 0 ? '/' : path.join(':') };
  return labels[HEADER] ? { header: labels[HEADER] } : undefined;
}
