/** Options about what the control plane tells of itself. */
import { setting } from './setting.js';
import { httpUrl, oneOf } from './values.js';

/** Least important message that is logged. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';

export const LOG_SETTINGS = {
  logFormat: setting<'json' | 'pretty'>({
    flag: 'log-format',
    argument: '<format>',
    help: 'json or pretty',
    default: process.stdout.isTTY === true ? 'pretty' : 'json',
    parse: oneOf('json', 'pretty'),
  }),
  logLevel: setting<LogLevel>({
    flag: 'log-level',
    argument: '<level>',
    help: 'debug, info, warn, error or silent',
    default: 'info',
    parse: oneOf('trace', 'debug', 'info', 'warn', 'error', 'silent'),
  }),
  otlpEndpoint: setting<string | undefined>({
    flag: 'otlp-endpoint',
    argument: '<url>',
    help: 'OpenTelemetry collector that gets traces of configuration changes; OTEL_* variables hold too',
    default: undefined,
    parse: httpUrl,
  }),
} as const;
