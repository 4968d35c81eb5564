/**
 * Flags of the Envoy command that ProxyConfig decides and no bootstrap can hold (PC-003, PC-004, PC-021).
 * https://www.envoyproxy.io/docs/envoy/latest/operations/cli
 */
import { isIP } from 'node:net';
import { MILLISECOND, parseDuration } from '../../api/duration.js';
import type { ProxyConfig } from '../../api/mesh-config.js';

export function envoyArguments(config: ProxyConfig, addresses: readonly string[]): readonly string[] {
  const { concurrency, fileFlushMinSizeKb } = config;
  const isIpv6 = addresses.length > 0 && addresses.every((address) => isIP(address) === 6);
  return [
    '--drain-time-s',
    String(Math.floor(milliseconds('drainDuration', config.drainDuration ?? '45s') / 1000)),
    // Whom it serves hears at once that it goes.
    '--drain-strategy',
    'immediate',
    '--local-address-ip-version',
    isIpv6 ? 'v6' : 'v4',
    '--file-flush-interval-msec',
    String(milliseconds('fileFlushInterval', config.fileFlushInterval ?? '1s')),
    ...(fileFlushMinSizeKb ? ['--file-flush-min-size-kb', String(fileFlushMinSizeKb)] : []),
    '--disable-hot-restart',
    // 0 stands for one thread per core, which is what Envoy does without the flag.
    ...(concurrency ? ['--concurrency', String(concurrency)] : []),
  ];
}

function milliseconds(field: string, text: string): number {
  const nanoseconds = parseDuration(text);
  if (nanoseconds === undefined || nanoseconds < 0) throw new Error(`${field}: ${JSON.stringify(text)} is not a duration such as 45s`);
  return Math.floor(nanoseconds / MILLISECOND);
}
