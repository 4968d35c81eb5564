/**
 * The command line: one file per command, joined here. Exit codes: 0 done, 1 the work failed, 2 wrong usage.
 */
import { Command, CommanderError } from 'commander';
import { addAnalyze } from './analyze.js';
import { addBootstrap } from './bootstrap.js';
import { addCa } from './ca.js';
import { addCheck } from './check.js';
import { CliError } from './cli-error.js';
import { addCrds } from './crds.js';
import { addDashboards } from './dashboards.js';
import { addInject } from './inject.js';
import { addIptables } from './iptables.js';
import { addPodBootstrap } from './pod-bootstrap.js';
import { addServe } from './serve.js';
import { addToken } from './token.js';
import { addTranslate } from './translate.js';
import { addValidate } from './validate.js';
import { addVersion, VERSION } from './version.js';

/** Runs one command; resolves to the exit code. Long-running commands resolve when they end. */
export async function run(argv: readonly string[]): Promise<number> {
  const program = new Command('mizzen')
    .description("An Envoy control plane that speaks Istio's APIs, with or without Kubernetes.")
    .version(VERSION, '-V, --version', 'print the version')
    .showHelpAfterError('(add --help for usage)')
    .exitOverride();
  for (const add of [
    addServe,
    addBootstrap,
    addTranslate,
    addValidate,
    addAnalyze,
    addInject,
    addPodBootstrap,
    addIptables,
    addCrds,
    addCheck,
    addToken,
    addCa,
    addDashboards,
    addVersion,
  ])
    add(program);
  try {
    await program.parseAsync([...argv]);
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof CliError) {
      console.error(`mizzen: ${error.message}`);
      return error.exitCode;
    }
    throw error;
  }
}
