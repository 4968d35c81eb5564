import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { addressGuard } from './address-guard.js';
import { fetchDocument } from './fetch-document.js';

const servers: Server[] = [];

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

const open = { permits: addressGuard(['127.0.0.1']), timeoutMs: 2_000, maxBytes: 100 };

describe('a document from a URL that a tenant wrote', () => {
  test('is fetched', async () => {
    const origin = await serve((_, response) => response.end('{"keys":[]}'));
    expect(await fetchDocument(`${origin}/keys`, open)).toBe('{"keys":[]}');
  });

  test('RA-015: a literal local address is refused before a connection is made', async () => {
    let asked = 0;
    const origin = await serve((_, response) => {
      asked += 1;
      response.end();
    });
    await expect(fetchDocument(origin, { ...open, permits: addressGuard([]) })).rejects.toThrow('address 127.0.0.1 is not allowed');
    expect(asked).toBe(0);
  });

  test('RA-015: other spellings of a local address are the same address', async () => {
    for (const host of ['0x7f.1', '2130706433', '[::ffff:127.0.0.1]', '[::1]', '127.1']) {
      await expect(fetchDocument(`http://${host}:9/`, { ...open, permits: addressGuard([]) })).rejects.toThrow(/is not allowed/);
    }
  });

  test('RA-015: a name is judged by what it resolves to', async () => {
    await expect(fetchDocument('http://localhost:9/', { ...open, permits: addressGuard([]) })).rejects.toThrow(/of localhost is not allowed/);
  });

  test('a redirect inside the origin is followed, one out of it is not', async () => {
    const inside = await serve((request, response) => {
      if (request.url === '/moved') response.end('here');
      else response.writeHead(302, { location: '/moved' }).end();
    });
    expect(await fetchDocument(inside, open)).toBe('here');
    const out = await serve((_, response) => response.writeHead(302, { location: inside }).end());
    await expect(fetchDocument(out, open)).rejects.toThrow('redirected to another origin');
  });

  test('redirects in a circle end', async () => {
    const origin = await serve((_, response) => response.writeHead(307, { location: '/' }).end());
    await expect(fetchDocument(origin, open)).rejects.toThrow('too many redirects');
  });

  test('too much is refused', async () => {
    const origin = await serve((_, response) => response.end('x'.repeat(101)));
    await expect(fetchDocument(origin, open)).rejects.toThrow('more than 100 bytes');
  });

  test('an answer that never ends is given up', async () => {
    const origin = await serve((_, response) => response.write('{'));
    await expect(fetchDocument(origin, { ...open, timeoutMs: 60 })).rejects.toThrow('no answer within 60 ms');
  });

  test('an error shows the status and nothing of the body', async () => {
    const origin = await serve((_, response) => response.writeHead(500).end('secret'));
    await expect(fetchDocument(origin, open)).rejects.toThrow(/^status 500$/);
  });

  test.each(['file:///etc/passwd', 'ftp://h/', 'http://user:pw@h/', 'nonsense'])('%s is not fetched', async (uri) => {
    await expect(fetchDocument(uri, open)).rejects.toThrow(/not/);
  });
});
