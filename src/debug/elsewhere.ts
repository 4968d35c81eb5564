/**
 * Pages of istiod that are none here: the answer says what to look at instead (DB-004). The first words are what istioctl knows an unknown page by; it
 * shows the list then.
 */
import type { Answer } from './page.js';

const ELSEWHERE: Readonly<Record<string, string>> = {
  ambientz: 'there are no ztunnels and waypoints here; /debug/registryz and /debug/endpointShardz have the services and their endpoints',
  krtz: '/debug/graph has the counters of what is computed, and draws it with ?format=mermaid',
  mcsz: 'services of one name in several clusters are one: /debug/registryz, and /debug/clusterz for the clusters',
  pprof: 'Node.js profiles itself: start it with --cpu-prof or --inspect; /metrics has memory and event loop',
  gatewayz: '/debug/networkz has the gateways between networks; what a gateway serves is in /debug/config_dump',
  inject: 'no webhook runs here (--webhook-address); `mizzen inject` shows what a pod would become',
  force_disconnect: 'it is off; --unsafe-admin-endpoints lets operators end streams',
};

/** The answer about a page that there is not. */
export function notFound(name: string): Answer {
  const [page = ''] = name.split('/', 1);
  const hint = Object.hasOwn(ELSEWHERE, page) ? `: ${ELSEWHERE[page]}` : '';
  return { status: 404, body: `404 page not found${hint}\n` };
}
