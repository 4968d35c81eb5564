/** What commands that work in the data folder of a control plane have in common. */
import { InvalidArgumentError, Option } from 'commander';
import { messageOf } from '../ca/errors.js';
import { defaultDataDir, parseMs } from '../server/options.js';
import { CliError } from './cli-error.js';

export const dataDir = (): Option =>
  new Option('--data-dir <dir>', "the control plane's data folder").default(process.env['MIZZEN_DATA_DIR'] ?? defaultDataDir());

/** An option that is a duration, in milliseconds. */
export const durationOption = (flags: string, help: string): Option =>
  new Option(flags, help).argParser((text: string) => {
    try {
      return parseMs(text);
    } catch (error) {
      throw new InvalidArgumentError(messageOf(error));
    }
  });

/** Ends with what went wrong as its message, without a stack. */
export async function failing(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw new CliError(messageOf(error));
  }
}
