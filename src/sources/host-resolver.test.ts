import { describe, expect, test } from '@jest/globals';
import { HostResolver, type ResolvedHost } from './host-resolver.js';

function resolver(answers: (hostname: string) => ResolvedHost) {
  const told: string[] = [];
  const made = new HostResolver({
    resolve: (hostname) => Promise.resolve().then(() => answers(hostname)),
    onAddresses: (hostname, addresses) => told.push(`${hostname}: ${addresses.join(' ')}`),
    onGone: (hostname) => told.push(`${hostname} is gone`),
    onError: (hostname, error) => told.push(`${hostname}: ${(error as Error).message}`),
    times: { shortest: 5, longest: 5 },
  });
  const until = async (done: () => boolean): Promise<void> => {
    for (let i = 0; i < 400 && !done(); i++) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  return { told, made, until };
}

describe('HostResolver', () => {
  test('CL-007: a name of a network gateway becomes addresses, is asked again, and is told only when it changed', async () => {
    let asked = 0;
    const { told, made, until } = resolver(() => ({ addresses: asked++ < 3 ? ['10.0.0.2', '10.0.0.1'] : ['10.0.0.3'], ttl: 0 }));
    await made.want(['gw.example']);
    expect(told).toEqual(['gw.example: 10.0.0.1 10.0.0.2']);
    await until(() => told.length > 1);
    expect(told).toEqual(['gw.example: 10.0.0.1 10.0.0.2', 'gw.example: 10.0.0.3']);
    await made.want([]);
    expect(told.at(-1)).toBe('gw.example is gone');
    made.close();
  });

  test('CL-007: a name that cannot be resolved any longer keeps its addresses, and is tried again', async () => {
    let asked = 0;
    const { told, made, until } = resolver(() => {
      asked++;
      if (asked === 2) throw new Error('no answer');
      return { addresses: ['10.0.0.1'], ttl: 0 };
    });
    await made.want(['gw.example']);
    await until(() => asked > 2);
    expect(told).toEqual(['gw.example: 10.0.0.1', 'gw.example: no answer']);
    made.close();
  });
});
