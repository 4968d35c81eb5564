/** Ports that nobody holds. A port is only promised, not reserved: take it soon. */
import { createServer } from 'node:net';

const promised = new Set<number>();

/** A port that is free on every one of `hosts`; `wanted` when it is. */
export async function freePort(hosts: readonly string[] = ['127.0.0.1'], wanted?: number): Promise<number> {
  if (wanted !== undefined && !promised.has(wanted) && (await freeOn(hosts, wanted))) {
    promised.add(wanted);
    return wanted;
  }
  for (let tries = 0; tries < 100; tries++) {
    const port = await anyPort(hosts[0] ?? '127.0.0.1');
    if (promised.has(port) || !(await freeOn(hosts, port))) continue;
    promised.add(port);
    return port;
  }
  throw new Error(`no port is free on ${hosts.join(', ')}`);
}

async function freeOn(hosts: readonly string[], port: number): Promise<boolean> {
  for (const host of hosts) if ((await listen(host, port)) === undefined) return false;
  return true;
}

async function anyPort(host: string): Promise<number> {
  const port = await listen(host, 0);
  if (port === undefined) throw new Error(`cannot listen on ${host}`);
  return port;
}

/** Listens and closes again; the port, or undefined when the address is taken. */
function listen(host: string, port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : undefined));
    });
  });
}
