import { describe, expect, test } from '@jest/globals';
import { createLog } from '../telemetry/log.js';
import { Metrics } from '../telemetry/metrics.js';
import { CLUSTER_TYPE } from '../views/type-urls.js';
import { createObserver } from './observer.js';

function observed() {
  const lines: string[] = [];
  const metrics = new Metrics('0.0.0');
  const observer = createObserver(createLog({ format: 'json', level: 'info', destination: { write: (line) => void lines.push(line) } }), metrics);
  const value = async (start: string) => (await metrics.registry.metrics()).split('\n').find((line) => line.startsWith(start));
  return { lines, observer, value };
}
const nack = { proxy: 'web.shop', typeUrl: CLUSTER_TYPE, message: 'bad cluster', nonce: '1', version: 'v', resources: ['a', 'b'] };

describe('MT-002 refusals', () => {
  test('a NACK is logged with the words of Envoy and counted; the gauge falls when the proxy accepts again', async () => {
    const { lines, observer, value } = observed();
    observer.nacked?.(nack);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'error', proxy: 'web.shop', type: 'cds', resources: ['a', 'b'], envoy: 'bad cluster' });
    expect(await value('pilot_total_xds_rejects')).toBe('pilot_total_xds_rejects{type="cds"} 1');
    expect(await value('pilot_xds_cds_reject')).toBe('pilot_xds_cds_reject{node="web.shop"} 1');
    observer.acked?.({ proxy: 'web.shop', typeUrl: CLUSTER_TYPE, nonce: '2', ms: 1 });
    expect(await value('pilot_xds_cds_reject')).toBeUndefined();
  });

  test('a proxy that left refuses nothing', async () => {
    const { observer, value } = observed();
    observer.nacked?.(nack);
    observer.disconnected?.({ proxy: 'web.shop', ms: 1 });
    expect(await value('pilot_xds_cds_reject')).toBeUndefined();
  });

  test('type URLs of a stranger cannot make series without end', async () => {
    const { observer, value } = observed();
    for (let i = 0; i < 3; i++) observer.staleNonce?.({ proxy: 'p', typeUrl: `type.googleapis.com/made.up.${i}`, nonce: '' });
    expect(await value('pilot_xds_expired_nonce')).toBe('pilot_xds_expired_nonce{type="other"} 3');
  });
});
