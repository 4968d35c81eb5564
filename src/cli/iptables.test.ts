import { afterEach, expect, jest, test } from '@jest/globals';
import { run } from './program.js';

afterEach(() => {
  jest.restoreAllMocks();
});

test('PA-011: by default health checks and scrapes reach the proxy at its own ports, past the listener that asks for mutual TLS', async () => {
  let printed = '';
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => ((printed += String(text)), true));
  expect(await run(['node', 'mizzen', 'iptables', '--dry-run'])).toBe(0);
  const redirect = printed.indexOf('-A ISTIO_INBOUND -p tcp -j ISTIO_IN_REDIRECT');
  for (const port of [15021, 15020, 15090]) {
    const past = printed.indexOf(`-A ISTIO_INBOUND -p tcp --dport ${port} -j RETURN`);
    expect(past).toBeGreaterThan(0);
    expect(past).toBeLessThan(redirect);
  }
});
