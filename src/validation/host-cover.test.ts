import { expect, test } from '@jest/globals';
import { HostCover, overlaps } from './host-cover.js';

const within = (inner: string, outer: string): boolean => {
  if (!outer.startsWith('*')) return inner === outer;
  return inner.startsWith('*') ? inner.length >= outer.length && inner.endsWith(outer.slice(1)) : inner.endsWith(outer.slice(1));
};
const overlap = (a: string, b: string): boolean => within(a, b) || within(b, a);

test('VS-001 hosts that share names are the same ones as when each is compared with each', () => {
  let seed = 7;
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((seed / 2_147_483_648) * below);
  };
  const pieces = ['*', 'a', 'b', '.a', '.b', '.a.b', '-a'];
  for (let round = 0; round < 2_000; round++) {
    const host = (): string => ['', '*'][random(2)]! + Array.from({ length: random(4) }, () => pieces[1 + random(6)]!).join('');
    const hosts = Array.from({ length: random(8) }, host);
    const expected = hosts.flatMap((one, index) => {
      const earlier = hosts.slice(0, index).find((other) => overlap(other, one));
      return earlier === undefined ? [] : [[index, earlier]];
    });
    expect([hosts, [...overlaps(hosts)]]).toEqual([hosts, expected]);
    const asked = host();
    expect([asked, hosts, new HostCover(hosts).covers(asked)]).toEqual([asked, hosts, hosts.some((outer) => within(asked, outer))]);
  }
});
