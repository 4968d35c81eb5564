/**
 * The servers of a workload: HTTP/1.1 and WebSocket on 8080, HTTP/2 in the clear (and gRPC) on 8081, HTTPS on 8443, TCP on 9000, and on 9002 a
 * server that speaks first. Each says who
 * answered and what it saw. A request chooses what happens to it: `x-plan: 503 200` gives a status for each attempt, `x-delay: 300 0`
 * milliseconds for each attempt; `x-step` names what it is counted under; `x-chain: URL URL` has it ask the first, which asks the second, and so on.
 */
import { readFileSync } from 'node:fs';
import { createServer as createHttp, request } from 'node:http';
import { createServer as createHttp2 } from 'node:http2';
import { createServer as createHttps } from 'node:https';
import { createServer as createTcp } from 'node:net';

/** What an application must hand on so that its answer's part in a trace is known; the mesh does the rest. */
const passedOn = /^(x-request-id|x-step|traceparent|tracestate|b3|x-b3-.*)$/;

const ports = { http: 8080, h2c: 8081, https: 8443, tcp: 9000, first: 9002 };

/** Starts all five and resolves once they listen. */
export async function startServers({ version, certificate }) {
  const counts = new Map();
  let behaviour = {};
  const count = (step, what) => {
    const all = counts.get(step) ?? { requests: 0, connections: 0 };
    all[what]++;
    counts.set(step, all);
  };

  const respond = (request, response, extra) =>
    // A caller that gave up is no failure of ours.
    answer(request, response, extra).catch(() => response.destroy?.());
  const answer = async (request, response, extra = {}) => {
    const { headers } = request;
    count(headers['x-step'] ?? '', 'requests');
    const attempt = Number(headers['x-envoy-attempt-count'] ?? 1);
    const ofAttempt = (list) => list?.split(' ')[Math.min(attempt, list.split(' ').length) - 1];
    const delay = Number(ofAttempt(headers['x-delay']) ?? behaviour.delayMs ?? 0);
    if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
    const status = Number(ofAttempt(headers['x-plan']) ?? behaviour.status ?? 200);
    const body = Buffer.concat(await request.toArray());
    const peer = /URI=([^;,]*)/.exec(String(headers['x-forwarded-client-cert'] ?? ''))?.[1];
    const host = headers.host ?? headers[':authority'];
    const asked = headers['x-chain'] && (await ask(headers));
    const seen = { version, path: request.url, method: request.method, host, protocol: request.httpVersion, attempt, peer, headers, ...extra, asked };
    if (headers['content-type'] === 'application/grpc') return respondGrpc(response, status, seen);
    response.writeHead(status, { 'content-type': 'application/json', 'x-version': version });
    response.end(behaviour.body ?? JSON.stringify({ ...seen, bodyBytes: body.length }));
  };

  const http = createHttp(respond);
  http.keepAliveTimeout = 0; // Envoy keeps connections; closing idle ones would make failures that no mesh caused.
  http.on('upgrade', (request, socket) => {
    count(request.headers['x-step'] ?? '', 'requests');
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
    socket.on('error', () => {});
    socket.on('data', (data) => socket.write(`${version} ${data}`));
  });
  const h2c = createHttp2(respond);
  const https = createHttps(
    {
      key: readFileSync(certificate.key),
      cert: readFileSync(certificate.crt),
      ...(certificate.ca && { requestCert: true, rejectUnauthorized: false, ca: readFileSync(certificate.ca) }),
    },
    (request, response) => respond(request, response, { sni: request.socket.servername, client: request.socket.getPeerCertificate?.()?.subject?.CN }),
  );
  const tcp = createTcp((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => {
      count(/^step=(\S*)/.exec(String(data))?.[1] ?? '', 'connections');
      socket.write(`${version} ${data}`);
    });
  });
  const first = createTcp((socket) => {
    socket.on('error', () => {});
    socket.write(`${version} speaks first`);
  });
  await Promise.all(
    Object.entries({ http, h2c, https, tcp, first }).map(
      ([name, server]) => new Promise((resolve, reject) => server.once('error', reject).listen(ports[name], '0.0.0.0', resolve)),
    ),
  );
  return {
    arrived: (step) => counts.get(step) ?? { requests: 0, connections: 0 },
    behave(how) {
      behaviour = how;
    },
  };
}

/** Asks the next of a chain; its status. */
function ask(headers) {
  const [next, ...rest] = headers['x-chain'].split(' ');
  const kept = Object.fromEntries(Object.entries(headers).filter(([name]) => passedOn.test(name)));
  return new Promise((resolve, reject) => {
    const sent = request(next, { headers: { ...kept, ...(rest.length > 0 && { 'x-chain': rest.join(' ') }) } }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode));
    });
    sent.on('error', reject);
    sent.end();
  });
}

/** A unary answer; a planned status other than 200 is UNAVAILABLE without a body, the way gRPC servers say it. */
function respondGrpc(response, status, seen) {
  const head = { 'content-type': 'application/grpc' };
  if (status !== 200) {
    response.writeHead(200, { ...head, 'grpc-status': '14', 'grpc-message': 'planned' });
    return response.end();
  }
  response.writeHead(200, head);
  response.addTrailers({ 'grpc-status': '0' });
  const payload = Buffer.from(JSON.stringify(seen));
  const frame = Buffer.alloc(5);
  frame.writeUInt32BE(payload.length, 1);
  return response.end(Buffer.concat([frame, payload]));
}
