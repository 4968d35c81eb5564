/** `mizzen iptables`: in the init container of an injected pod, leads its traffic to the proxy. Takes the flags of istio-iptables. */
import { spawnSync } from 'node:child_process';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { interfaceList, portList, portsOrAll, rangeList, rangesOrAll } from '../interception/parse.js';
import { type Interception, type IpFamily, JUMP, natRules } from '../interception/rules.js';
import { CliError } from './cli-error.js';

interface Options extends Interception {
  mode: 'REDIRECT' | 'TPROXY';
  dryRun?: boolean;
}

const PROGRAMS = { v4: 'iptables', v6: 'ip6tables' } as const;

export function addIptables(program: Command): void {
  const list = (flags: string, help: string, parse: (text: string) => unknown, value: string): Option =>
    new Option(flags, help).argParser(checked(parse)).default(parse(value), value === '' ? 'none' : value);
  const port = (text: string): number => portList(text)[0] ?? 0;
  program
    .command('iptables')
    .description("lead a pod's TCP traffic to its proxy, with the rules that Istio makes; needs root and NET_ADMIN")
    .addOption(list('-p, --outbound-port <port>', 'where the proxy takes outbound traffic', port, '15001'))
    .addOption(list('-z, --inbound-port <port>', 'where the proxy takes inbound traffic', port, '15006'))
    .addOption(list('-u, --uid <id>', 'user of the proxy', userId, '1337'))
    .addOption(new Option('-m, --mode <mode>', 'how to redirect').choices(['REDIRECT', 'TPROXY']).default('REDIRECT'))
    .addOption(list('-i, --include-outbound-ranges <list>', 'CIDR blocks to redirect', rangesOrAll, '*'))
    .addOption(list('-x, --exclude-outbound-ranges <list>', 'CIDR blocks to leave alone', rangeList, ''))
    .addOption(list('-b, --include-inbound-ports <list>', 'ports to redirect', portsOrAll, '*'))
    .addOption(list('-d, --exclude-inbound-ports <list>', 'ports to leave alone', portList, '15090,15021,15020'))
    .addOption(list('-q, --include-outbound-ports <list>', 'ports to redirect whatever the address', portList, ''))
    .addOption(list('-o, --exclude-outbound-ports <list>', 'ports to leave alone', portList, ''))
    .addOption(list('-k, --rerouted-interfaces <list>', 'interfaces of virtual machines in the pod', interfaceList, ''))
    .addOption(list('-c, --excluded-interfaces <list>', 'interfaces to leave alone', interfaceList, ''))
    .option('--dry-run', 'print the rules and change nothing')
    .action((options: Options) => {
      if (options.mode === 'TPROXY') throw new CliError('TPROXY is only possible with the images of Istio; use REDIRECT', 2);
      for (const family of ['v4', 'v6'] as const) apply(options, family);
    });
}

function apply(options: Options, family: IpFamily): void {
  const name = PROGRAMS[family];
  if (options.dryRun === true) {
    process.stdout.write(`# ${name}-restore --noflush\n${natRules(options, family)}`);
    return;
  }
  const saved = spawnSync(`${name}-save`, ['-t', 'nat'], { encoding: 'utf8' });
  // A kernel or an image without IPv6 has no such traffic either.
  if (family === 'v6' && (saved.error !== undefined || saved.status !== 0)) return;
  if (saved.error !== undefined) throw new CliError(`${name}-save cannot be run: ${saved.error.message}`);
  const input = natRules(options, family, saved.stdout.includes(JUMP));
  const { status, stderr, error } = spawnSync(`${name}-restore`, ['--noflush'], { input, encoding: 'utf8' });
  if (status !== 0) throw new CliError(`${name}-restore: ${error?.message ?? stderr.trim()}`);
}

function userId(text: string): number {
  if (!/^\d{1,10}$/.test(text) || Number(text) === 0) throw new Error(`${JSON.stringify(text)} is not the id of a user other than root`);
  return Number(text);
}

function checked<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      throw new InvalidArgumentError((error as Error).message);
    }
  };
}
