/** `--host-ownership` and `--host-owners` of the commands that look at a mesh without a server. */
import { type Command, Option } from 'commander';
import type { ModelSettings } from '../model/services.js';
import { HOST_OWNERSHIP, type HostOwnershipOptions, modelSettings } from '../server/host-owners.js';
import { CliError } from './cli-error.js';

export function addHostOwnership(command: Command): Command {
  return command
    .addOption(new Option('--host-ownership <mode>', 'as of serve').choices(HOST_OWNERSHIP).default('off'))
    .option('--host-owners <file>', 'as of serve');
}

/** The model that the options ask for; a bad file is a usage error. */
export function settingsOf(options: HostOwnershipOptions): ModelSettings {
  try {
    return modelSettings(options);
  } catch (error) {
    throw new CliError((error as Error).message, 2);
  }
}
