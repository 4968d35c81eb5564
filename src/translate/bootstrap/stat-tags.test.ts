import { describe, expect, test } from '@jest/globals';
import { RE2JS } from 're2js';
import { statTags } from './stat-tags.js';

/** As Envoy does it: each rule looks at the whole name; what the first groups match is cut out of it. */
function labelled(name: string, extra: readonly string[] = []): string {
  let rest = name;
  const labels: string[] = [];
  for (const { tag_name, regex } of statTags(extra) as readonly { tag_name: string; regex: string }[]) {
    const matcher = RE2JS.compile(regex).matcher(name);
    if (!matcher.find()) continue;
    labels.push(`${tag_name}=${matcher.group(2)}`);
    rest = rest.replace(matcher.group(1) ?? '', '');
  }
  return `${rest} ${labels.sort().join(' ')}`.trim();
}

describe('TE-018 PC-010: labels of native statistics', () => {
  test.each([
    [
      'cluster.outbound|80|v1|web.shop.svc.cluster.local;.upstream_rq_503',
      'cluster.upstream_rq cluster_name=outbound|80|v1|web.shop.svc.cluster.local response_code=503',
    ],
    ['cluster.inbound|8080||;.upstream_rq_2xx', 'cluster.upstream_rq cluster_name=inbound|8080|| response_code_class=2xx'],
    ['cluster.xds-grpc.upstream_cx_total', 'cluster.xds-grpc.upstream_cx_total'],
    ['http.outbound_0.0.0.0_80;.downstream_rq_total', 'http.downstream_rq_total http_conn_manager_prefix=outbound_0.0.0.0_80'],
    ['http.inbound_[fd00__1]_80;.rbac.allowed', 'http.rbac authz_enforce_result=allowed http_conn_manager_prefix=inbound_[fd00__1]_80'],
    ['listener.0.0.0.0_15006.downstream_cx_total', 'listener.downstream_cx_total listener_address=0.0.0.0_15006'],
    ['listener.[fd00__1]_80.downstream_cx_total', 'listener.downstream_cx_total listener_address=[fd00__1]_80'],
    ['server.worker_0.watchdog_miss', 'server.watchdog_miss thread_name=worker_0'],
    ['cluster_manager.cluster_added', 'cluster_manager.cluster_added'],
  ])('%s', (name, expected) => expect(labelled(name).replaceAll('..', '.')).toBe(expected));

  test('and those of the user', () => expect(labelled('reporter=.=source;.;rest', ['reporter'])).toBe('rest reporter=source'));
});
