/**
 * One GET of a small document from a place that a tenant named. The guard judges the address that is really connected to, after name
 * resolution; no redirect leaves the origin; time and size are bounded; what came back is never part of an error.
 */
import { type LookupAddress, lookup as resolve } from 'node:dns';
import { get as getHttp, type IncomingMessage } from 'node:http';
import { get as getHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { AddressGuard } from './address-guard.js';

export interface FetchOptions {
  readonly permits: AddressGuard;
  /** For everything: resolving, connecting, redirects, reading. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
  /** Certificates of servers are held against these PEM texts. @default the CAs that Node trusts */
  readonly authorities?: readonly string[];
}

const MAX_REDIRECTS = 3;

/** Rejects with an Error that says why in terms that may be logged. */
export async function fetchDocument(uri: string, options: FetchOptions): Promise<string> {
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]);
  try {
    let url = parse(uri);
    for (let redirects = 0; ; redirects++) {
      const response = await open(url, options, signal);
      const { statusCode = 0, headers } = response;
      if (statusCode >= 200 && statusCode < 300) return await read(response, options.maxBytes);
      response.destroy();
      if (![301, 302, 303, 307, 308].includes(statusCode) || headers.location === undefined) throw new Error(`status ${statusCode}`);
      if (redirects === MAX_REDIRECTS) throw new Error('too many redirects');
      const next = parse(headers.location, url);
      if (next.origin !== url.origin) throw new Error('redirected to another origin');
      url = next;
    }
  } catch (error) {
    if (timeout.aborted) throw new Error(`no answer within ${options.timeoutMs} ms`, { cause: error });
    throw error;
  }
}

function parse(text: string, base?: URL): URL {
  const url = URL.parse(text, base?.href);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) throw new Error('not an http:// or https:// URL');
  if (url.username !== '' || url.password !== '') throw new Error('a URL with a user or password is not fetched');
  return url;
}

/** Resolves with the response's head. */
function open(url: URL, { permits, authorities }: FetchOptions, signal: AbortSignal): Promise<IncomingMessage> {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  // A literal address is never looked up.
  if (isIP(host) !== 0 && !permits(host)) throw new Error(`address ${host} is not allowed`);
  const get = url.protocol === 'https:' ? getHttps : getHttp;
  return new Promise((resolveHead, reject) => {
    const headers = { accept: 'application/json', 'accept-encoding': 'identity', connection: 'close' };
    get(url, { agent: false, lookup: guardedLookup(permits), signal, headers, ...(authorities && { ca: [...authorities] }) }, resolveHead).on(
      'error',
      reject,
    );
  });
}

/** Every address of the name must be allowed: which of them is taken is not ours to choose. */
function guardedLookup(permits: AddressGuard): LookupFunction {
  return (hostname, { all, family, hints }, callback) => {
    resolve(
      hostname,
      { ...(family !== undefined && { family }), ...(hints !== undefined && { hints }), all: true },
      (error, addresses: LookupAddress[]) => {
        if (error) return callback(error, '');
        const bad = addresses.find(({ address }) => !permits(address));
        const [first] = addresses;
        if (bad !== undefined || first === undefined) return callback(new Error(`address ${bad?.address ?? ''} of ${hostname} is not allowed`), '');
        if (all === true) return callback(null, addresses);
        callback(null, first.address, first.family);
      },
    );
  };
}

async function read(response: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Leaving the loop destroys the response.
    if (size > maxBytes) throw new Error(`more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  if (!response.complete) throw new Error('the answer ended early');
  return Buffer.concat(chunks).toString('utf8');
}
