/** A closed loop of HTTP/1.1 requests over kept connections, on raw sockets: what it costs itself must not hide what is measured. */
import { connect } from 'node:net';

/**
 * Sends requests on `connections` connections, each when the one before was answered, until `seconds` are over or `total` were sent.
 * `headers(n)` gives lines for request n. Resolves to counts and latencies in ms.
 */
export async function loop({
  host,
  port,
  authority,
  connections,
  seconds = Number.POSITIVE_INFINITY,
  total = Number.POSITIVE_INFINITY,
  headers = () => '',
}) {
  const times = [];
  let sent = 0;
  let failed = 0;
  const begun = performance.now();
  const mayGoOn = () => sent < total && performance.now() - begun < seconds * 1000;
  await Promise.all(
    Array.from({ length: connections }, () => {
      const socket = connect({ host, port, noDelay: true });
      return new Promise((resolve, reject) => {
        let at = 0;
        let text = '';
        const send = () => {
          if (!mayGoOn()) return socket.end(resolve);
          at = performance.now();
          socket.write(`GET / HTTP/1.1\r\nhost: ${authority}\r\n${headers(sent++)}\r\n`);
        };
        socket.on('error', reject);
        socket.on('close', resolve);
        socket.on('connect', send);
        socket.on('data', (data) => {
          text += data.toString('latin1');
          const head = text.indexOf('\r\n\r\n');
          if (head < 0) return;
          const length = Number(/content-length: (\d+)/.exec(text)?.[1] ?? 0);
          if (text.length < head + 4 + length) return;
          if (!text.startsWith('HTTP/1.1 200')) failed++;
          times.push(performance.now() - at);
          text = '';
          send();
        });
      });
    }),
  );
  const elapsed = (performance.now() - begun) / 1000;
  times.sort((a, b) => a - b);
  const quantile = (share) => times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? 0;
  return { requests: times.length, failed, perSecond: times.length / elapsed, p50: quantile(0.5), p99: quantile(0.99) };
}
