/**
 * One application for every service of the shop (and a test backend): plain Node, no packages.
 *
 *   SERVICE=cart VERSION=v1 HOST=127.0.0.1 PORT=9105 EGRESS=http://127.77.0.15:8080 node app.mjs
 *
 * It answers any path with JSON that says who answered and what it saw, and calls the services it depends on through EGRESS, the sidecar's
 * listener for outbound calls, naming each by its Host header. `PUT /behave {"delayMs": 500, "failEvery": 3}` makes it slow or flaky.
 */
import { Agent, createServer, request } from 'node:http';

const { SERVICE = 'app', VERSION = 'v1', HOST = '127.0.0.1', PORT = '0', EGRESS = '' } = process.env;
/** Whom a service calls; `?host=NAME` has it call something else instead. */
const calls = {
  web: ['catalog', 'cart'],
  catalog: ['reviews', 'rates.example.com'],
  cart: ['payments'],
};
/** What makes one trace of the calls that a request leads to, and who asked. */
const b3 = ['traceid', 'spanid', 'parentspanid', 'sampled', 'flags'].map((part) => `x-b3-${part}`);
const passedOn = ['end-user', 'x-request-id', 'traceparent', 'tracestate', 'b3', ...b3];
const agent = new Agent({ keepAlive: true });
const behaviour = { delayMs: 0, failEvery: 0 };
let answered = 0;
/** Requests (by x-request-id) that were failed once: a hiccup does not meet the same request twice, so retries can be told from luck. */
const hiccups = new Set();

const server = createServer(async (incoming, response) => {
  const url = new URL(incoming.url ?? '/', 'http://app');
  if (url.pathname === '/behave' && incoming.method === 'PUT') {
    Object.assign(behaviour, JSON.parse(await text(incoming)));
    hiccups.clear();
    return reply(response, 200, behaviour);
  }
  const id = incoming.headers['x-request-id'];
  const failing = behaviour.failEvery > 0 && !hiccups.has(id) && ++answered % behaviour.failEvery === 0;
  if (failing && id !== undefined) hiccups.add(id);
  if (behaviour.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, behaviour.delayMs));
  const me = { service: SERVICE, version: VERSION, path: incoming.url, host: incoming.headers.host, peer: peer(incoming), headers: incoming.headers };
  if (failing) return reply(response, 503, { ...me, error: 'flaky' });
  const asked = url.searchParams.get('host');
  const targets = asked ? [asked] : (calls[SERVICE] ?? []);
  const answers = EGRESS ? await Promise.all(targets.map((host) => call(host, incoming.headers))) : [];
  const broken = answers.find((answer) => answer.status === 0 || answer.status >= 400);
  return reply(response, broken ? broken.status || 502 : 200, { ...me, calls: answers });
});

/** The SPIFFE id of the caller, as this service's sidecar wrote it down after mutual TLS. */
function peer(incoming) {
  const header = String(incoming.headers['x-forwarded-client-cert'] ?? '');
  return /URI=([^;,]*)/.exec(header)?.[1];
}

function call(host, headers) {
  return new Promise((resolve) => {
    const kept = Object.fromEntries(passedOn.filter((name) => headers[name]).map((name) => [name, headers[name]]));
    const begun = performance.now();
    const done = (status, body) => resolve({ host, status, ms: Math.round(performance.now() - begun), body });
    const asked = request(`${EGRESS}/from-${SERVICE}`, { agent, headers: { ...kept, host } }, async (response) => {
      const body = await text(response);
      done(response.statusCode, response.headers['content-type'] === 'application/json' ? JSON.parse(body) : body);
    });
    asked.on('error', (error) => done(0, error.message));
    asked.end();
  });
}

async function text(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function reply(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}

server.keepAliveTimeout = 0; // Envoy keeps connections; an application that closes idle ones makes retries, and this one measures them.
server.listen(Number(PORT), HOST, () => console.log(JSON.stringify({ msg: 'listening', service: SERVICE, version: VERSION, port: server.address().port })));
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0));
