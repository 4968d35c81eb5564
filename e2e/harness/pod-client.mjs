/**
 * The client of a workload: HTTP, HTTPS, gRPC, TCP and WebSocket requests, many at once, without retries of its own. Every answer tells status or
 * error, time, and what the server wrote about itself.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { connect as http2Connect } from 'node:http2';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { connect as tcpConnect } from 'node:net';

/** Sends `times` requests, at most `atOnce` at a time; request n carries the headers that `each` lists for it. */
export async function sendAll(plan) {
  const { times = 1, atOnce = 1, everyMs = 0 } = plan;
  const connections = { keepAlive: !plan.fresh, maxSockets: atOnce };
  const tools = { agent: new HttpAgent(connections), tlsAgent: new HttpsAgent(connections) };
  const answers = [];
  let next = 0;
  const begun = performance.now();
  await Promise.all(
    Array.from({ length: Math.min(atOnce, times) }, async () => {
      while (next < times) {
        const n = next++;
        const wait = begun + n * everyMs - performance.now();
        if (wait > 1) await new Promise((resolve) => setTimeout(resolve, wait));
        answers[n] = await one({ ...plan, headers: { ...plan.headers, ...ofRequest(plan.each, n) } }, tools);
      }
    }),
  );
  tools.agent.destroy();
  tools.tlsAgent.destroy();
  return answers;
}

/** `each: { x-user: 40 }` sends x-user 0 … 39, over and over. */
const ofRequest = (each = {}, n) => Object.fromEntries(Object.entries(each).map(([name, values]) => [name, String(n % values)]));

function one(plan, tools) {
  const begun = performance.now();
  const send = { http, grpc, tcp, websocket, openssl }[plan.how];
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve({ status: 0, error: 'ETIMEDOUT' }), plan.timeoutMs ?? 10_000);
    send(plan, tools).then(
      (answer) => (clearTimeout(timer), resolve(answer)),
      (error) => (clearTimeout(timer), resolve({ status: 0, error: error.code ?? error.message })),
    );
  }).then((answer) => ({ ...answer, ms: Math.round(performance.now() - begun) }));
}

function http({ url, method = 'GET', path, headers, body, to, sni, clientCertificate }, { agent, tlsAgent }) {
  const isTls = url.startsWith('https:');
  const { host, hostname } = new URL(url);
  const options = {
    method,
    // As it is: the URL's own would be normalized before it leaves.
    ...(path !== undefined && { path }),
    headers: { host, ...headers },
    agent: isTls ? tlsAgent : agent,
    ...(isTls && { rejectUnauthorized: false, servername: sni ?? hostname }),
    ...(clientCertificate && { key: readFileSync(clientCertificate.key), cert: readFileSync(clientCertificate.cert) }),
    ...(to && { hostname: to.split(':')[0], port: Number(to.split(':')[1]) }),
  };
  return new Promise((resolve, reject) => {
    const asked = (isTls ? httpsRequest : httpRequest)(url, options, async (response) => {
      try {
        // Asked for first: a connection that the server closes is gone once the body has been read.
        const certificate = isTls ? response.socket.getPeerCertificate?.()?.subject?.CN : undefined;
        const text = Buffer.concat(await response.toArray()).toString();
        resolve({ status: response.statusCode, headers: response.headers, ...said(text), ...(certificate && { certificate }) });
      } catch (error) {
        reject(error);
      }
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

function grpc({ url, headers, to }) {
  const { host, pathname } = new URL(url);
  return new Promise((resolve, reject) => {
    const session = http2Connect(`http://${to ?? host}`);
    session.on('error', reject);
    const stream = session.request({
      ':method': 'POST',
      ':path': pathname,
      ':authority': host,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    const chunks = [];
    let status = 0;
    let first = {};
    let last = {};
    stream.on('response', (head) => {
      status = head[':status'];
      first = head;
    });
    stream.on('trailers', (trailers) => {
      last = trailers;
    });
    stream.on('data', (chunk) => chunks.push(chunk));
    stream.on('error', reject);
    stream.on('end', () => {
      session.close();
      const text = Buffer.concat(chunks).subarray(5).toString();
      const code = last['grpc-status'] ?? first['grpc-status'];
      resolve({ status, grpc: Number(code ?? -1), headers: { ...first }, ...said(text) });
    });
    const payload = Buffer.from('question');
    const frame = Buffer.alloc(5);
    frame.writeUInt32BE(payload.length, 1);
    stream.end(Buffer.concat([frame, payload]));
  });
}

/** One connection: a line there and a line back. */
function tcp({ url, headers, hold = 0, silent }) {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = tcpConnect({ host: hostname, port: Number(port) });
    socket.on('error', reject);
    socket.on('close', () => reject(Object.assign(new Error('closed'), { code: 'CLOSED' })));
    if (!silent) socket.on('connect', () => socket.write(`step=${headers['x-step']}\n`));
    socket.on('data', (data) => {
      setTimeout(() => {
        resolve({ status: 200, said: { version: String(data).split(' ')[0] }, body: String(data) });
        socket.destroy();
      }, hold);
    });
  });
}

function websocket({ url, headers }) {
  return new Promise((resolve, reject) => {
    const asked = httpRequest(url, {
      headers: {
        ...headers,
        connection: 'upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'bWl6emVuIG1penplbiBtaQ==',
      },
    });
    asked.on('error', reject);
    asked.on('response', (response) => resolve({ status: response.statusCode, headers: response.headers }));
    asked.on('upgrade', (response, socket) => {
      socket.on('error', reject);
      socket.on('data', (data) => {
        resolve({ status: response.statusCode, headers: response.headers, said: { version: String(data).split(' ')[0], text: String(data) } });
        socket.destroy();
      });
      socket.write('over the socket');
    });
    asked.end();
  });
}

/** What openssl prints of a handshake in which it asks for the status of the server's certificate. */
function openssl({ url, to, sni }) {
  const { host, hostname } = new URL(url);
  const args = ['s_client', '-connect', to ?? host, '-servername', sni ?? hostname, '-status'];
  return new Promise((resolve, reject) => {
    const asked = execFile('openssl', args, (error, text) => (error ? reject(error) : resolve({ status: 200, body: text })));
    asked.stdin.end();
  });
}

/** The server's own account, or the text when it is not ours (Envoy's local replies). */
function said(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { said: value } : { body: text };
  } catch {
    return { body: text };
  }
}
