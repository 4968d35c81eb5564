import { describe, expect, test } from '@jest/globals';
import { createLog } from '../telemetry/log.js';
import { Metrics } from '../telemetry/metrics.js';
import { CLUSTER_TYPE } from '../views/type-urls.js';
import { createObserver } from './observer.js';

function observed() {
  const lines: string[] = [];
  const metrics = new Metrics('0.0.0');
  const observer = createObserver(createLog({ format: 'json', level: 'info', destination: { write: (line) => void lines.push(line) } }), metrics);
  const values = async (start: string) => (await metrics.registry.metrics()).split('\n').filter((line) => line.startsWith(start));
  const value = async (start: string) => (await values(start))[0];
  return { lines, observer, value, values };
}
const nack = { proxy: 'web.shop', typeUrl: CLUSTER_TYPE, code: 13, message: 'bad cluster', nonce: '1', version: 'v', resources: ['a', 'b'] };
const nodeOf = (version?: string) =>
  ({ id: 'n', metadata: version === undefined ? {} : { ISTIO_VERSION: version } }) as unknown as Parameters<
    NonNullable<ReturnType<typeof createObserver>['connected']>
  >[0]['node'];
const peer = { address: '127.0.0.1:1', plaintext: true, metadata: {} };

describe('MT-002 refusals', () => {
  test('a NACK is logged with the words of Envoy and counted; the gauge falls when the proxy accepts again', async () => {
    const { lines, observer, value } = observed();
    observer.nacked?.(nack);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'error', proxy: 'web.shop', type: 'cds', resources: ['a', 'b'], envoy: 'bad cluster' });
    expect(await value('pilot_total_xds_rejects')).toBe('pilot_total_xds_rejects{type="cds"} 1');
    expect(await value('pilot_xds_cds_reject')).toBe('pilot_xds_cds_reject{node="web.shop",err="Internal"} 1');
    observer.acked?.({ proxy: 'web.shop', typeUrl: CLUSTER_TYPE, nonce: '2', ms: 1 });
    expect(await value('pilot_xds_cds_reject')).toBeUndefined();
  });

  test('a proxy that refuses for another reason has one series, not two', async () => {
    const { observer, values } = observed();
    observer.nacked?.(nack);
    observer.nacked?.({ ...nack, code: 3 });
    expect(await values('pilot_xds_cds_reject')).toEqual(['pilot_xds_cds_reject{node="web.shop",err="InvalidArgument"} 1']);
  });

  test('a proxy that left refuses nothing', async () => {
    const { observer, value } = observed();
    observer.nacked?.(nack);
    observer.disconnected?.({ proxy: 'web.shop', node: nodeOf(), ms: 1 });
    expect(await value('pilot_xds_cds_reject')).toBeUndefined();
  });

  test('a proxy that refuses on and on fills no log, is counted all the same, and hides no other', async () => {
    const { lines, observer, value } = observed();
    for (let i = 0; i < 1_000; i++) observer.nacked?.(nack);
    expect(lines).toHaveLength(20);
    observer.nacked?.({ ...nack, proxy: 'cart.shop' });
    expect(JSON.parse(lines[20] ?? '')).toMatchObject({ proxy: 'cart.shop' });
    expect(await value('pilot_total_xds_rejects')).toBe('pilot_total_xds_rejects{type="cds"} 1001');
  });

  test('type URLs of a stranger cannot make series without end', async () => {
    const { observer, value, values } = observed();
    for (let i = 0; i < 3; i++) {
      observer.staleNonce?.({ proxy: 'p', typeUrl: `type.googleapis.com/made.up.${i}`, nonce: '' });
      observer.pushed?.({ proxy: 'p', typeUrl: `made.up.${i}`, bytes: 1, resources: 0, removed: 0, ms: 1, nonce: '', version: '' });
    }
    expect(await value('pilot_xds_expired_nonce{')).toBe('pilot_xds_expired_nonce{type="other"} 3');
    expect(await values('pilot_xds_config_size_bytes_count')).toEqual(['pilot_xds_config_size_bytes_count{type="other"} 3']);
  });
});

describe('MT-001 who is connected', () => {
  test('by the version of Istio that they say, which a stranger cannot make into series without end', async () => {
    const { observer, values } = observed();
    const come = (version?: string) => observer.connected?.({ proxy: 'p', node: nodeOf(version), peer, variant: 'delta' });
    const go = (version?: string) => observer.disconnected?.({ proxy: 'p', node: nodeOf(version), ms: 1 });
    for (const version of ['1.27.0', '1.27.0', undefined, '"}\n']) come(version);
    expect(await values('pilot_xds{')).toEqual(['pilot_xds{version=""} 2', 'pilot_xds{version="1.27.0"} 2']);
    for (let i = 0; i < 1_000; i++) come(`v${i}`);
    expect((await values('pilot_xds{')).length).toBeLessThanOrEqual(65);
    for (let i = 0; i < 1_000; i++) go(`v${i}`);
    for (const version of ['1.27.0', '1.27.0', undefined, '"}\n']) go(version);
    expect(await values('pilot_xds{')).toEqual(['pilot_xds{version=""} 0']);
  });

  test('the largest request stays', async () => {
    const { observer, value } = observed();
    for (const bytes of [10, 300, 20]) observer.received?.(bytes);
    expect(await value('pilot_xds_recv_max')).toBe('pilot_xds_recv_max 300');
  });
});
