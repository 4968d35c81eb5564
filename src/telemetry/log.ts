/** Logs: one JSON object per line for machines, or coloured lines for people. Nothing here may ever be given a secret. */
import { type DestinationStream, type Logger, pino } from 'pino';
import pretty from 'pino-pretty';

export type { Logger } from 'pino';

/** How to log. */
export interface LogOptions {
  readonly format: 'json' | 'pretty';
  readonly level: string;
  /** @default standard output */
  readonly destination?: DestinationStream;
}

/** The root logger; parts of the server make children of it. */
export function createLog({ format, level, destination }: LogOptions): Logger {
  const settings = { level, base: undefined, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label: string) => ({ level: label }) } };
  if (format === 'json') return pino(settings, destination ?? pino.destination({ dest: 1, sync: true }));
  return pino(settings, pretty({ colorize: process.stdout.isTTY, sync: true, ...(destination && { destination: destination as never }) }));
}
