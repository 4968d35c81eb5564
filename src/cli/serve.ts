/** `mizzen serve`: the control plane, until a signal ends it. */
import closeWithGrace from 'close-with-grace';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { ControlPlane } from '../server/control-plane.js';
import { type Address, formatAddress, SETTINGS, type ServeOptions, type Setting, serveOptions } from '../server/options.js';
import { createLog, type Logger } from '../telemetry/log.js';
import { CliError } from './cli-error.js';
import { VERSION } from './version.js';

export function addServe(program: Command): void {
  const command = program.command('serve').description('run the control plane on a folder of mesh configuration');
  for (const setting of Object.values(SETTINGS)) command.addOption(optionOf(setting as Setting<unknown>));
  command.action((given: Partial<ServeOptions>) => serve(serveOptions(given)));
}

function optionOf(setting: Setting<unknown>): Option {
  // A switch may be given a value, so that its variable may say false.
  const isSwitch = setting.argument === '';
  const option = new Option(`--${setting.flag} ${isSwitch ? '[bool]' : setting.argument}`, setting.help);
  if (isSwitch) option.preset('true');
  // Set here only for help: what is not given stays out, and serveOptions fills it in.
  const shown = shownDefault(setting);
  if (shown !== undefined) option.description += ` (default: ${shown})`;
  return option.env(`MIZZEN_${setting.flag.replaceAll('-', '_').toUpperCase()}`).argParser((text: string, previous: unknown) => {
    try {
      const value = setting.parse(text);
      return setting.isList === true ? [...((previous as unknown[] | undefined) ?? []), ...(value as unknown[])] : value;
    } catch (error) {
      throw new InvalidArgumentError((error as Error).message);
    }
  });
}

/** One place that configuration comes from. */
function checkSources({ config, kubernetes, kubeconfig, context }: ServeOptions): void {
  if (config.length === 0 && !kubernetes) throw new CliError('serve needs --config: a folder of mesh configuration, or --kubernetes', 2);
  if (config.length > 0 && kubernetes) throw new CliError('--config and --kubernetes: configuration comes from one place; drop one of them', 2);
  if (!kubernetes && (kubeconfig ?? context) !== undefined) throw new CliError('--kubeconfig and --context need --kubernetes', 2);
}

function create(options: ServeOptions, log: Logger): ControlPlane {
  try {
    return new ControlPlane(options, log, VERSION);
  } catch (error) {
    throw new CliError(`cannot start: ${(error as Error).message}`, 2);
  }
}

function shownDefault({ argument, default: value }: Setting<unknown>): string | undefined {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return undefined;
  if (typeof value === 'boolean') return undefined;
  if (typeof value === 'number') return argument === '<duration>' ? `${value}ms` : `${value}`;
  return typeof value === 'string' ? value : formatAddress(value as Address);
}

async function serve(options: ServeOptions): Promise<void> {
  const log = createLog({ format: options.logFormat, level: options.logLevel });
  checkSources(options);
  const controlPlane = create(options, log);
  const ended = new Promise<void>((resolve) => {
    closeWithGrace({ delay: 15_000, logger: false, skip: ['beforeExit'] }, async ({ err, signal }) => {
      if (err !== undefined) log.fatal({ err }, 'ending because of an unexpected error');
      else log.info({ signal }, 'shutting down');
      await controlPlane.close();
      log.info('shut down');
      resolve();
    });
  });
  try {
    // Always one plain JSON line, whatever the log looks like: scripts wait for it and read the ports from it.
    const listening = await controlPlane.start();
    process.stdout.write(`${JSON.stringify({ level: 'info', time: new Date().toISOString(), msg: 'listening', version: VERSION, ...listening })}\n`);
  } catch (error) {
    throw new CliError(`cannot start: ${(error as Error).message}`);
  }
  await ended;
}
