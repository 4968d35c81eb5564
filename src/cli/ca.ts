/** `mizzen ca rotate|root|status`: the roots of a running mesh, and a new one, by the files in the control plane's data folder. */
import { type Command, Option } from 'commander';
import type { KeyType } from '../ca/key-pairs.js';
import { currentRotation, loadSelfSigned, startRotation } from '../ca/rotation.js';
import { readTrustNote, type TrustNote } from '../server/trust.js';
import { dataDir, durationOption, failing } from './data-folder.js';

interface RotateOptions {
  dataDir: string;
  distributeFor: number;
  keepOldFor: number;
  keyType: KeyType;
}

export function addCa(program: Command): void {
  const ca = program.command('ca').description('rotate and show the self-signed root of the mesh');
  ca.command('rotate')
    .description('make a new root; a running control plane takes it over step by step, and no connection is lost')
    .addOption(durationOption('--distribute-for <duration>', 'how long both are trusted before the new one signs').default(86_400_000, '24h'))
    .addOption(
      durationOption('--keep-old-for <duration>', 'how long the old one is trusted after that: as long as certificates live').default(
        86_400_000,
        '24h',
      ),
    )
    .addOption(new Option('--key-type <type>', 'key of the new root').choices(['ecdsa', 'rsa']).default('ecdsa'))
    .addOption(dataDir())
    .action(async (options: RotateOptions) => failing(() => rotate(options)));
  ca.command('root')
    .description('print the roots that the mesh trusts now, as PEM: what whoever joins it must know (CA-012)')
    .addOption(dataDir())
    .action(async (options: { dataDir: string }) => failing(async () => void process.stdout.write(noteOf(options.dataDir).rootPem)));
  ca.command('status')
    .description('show what signs and what is trusted now')
    .addOption(dataDir())
    .action(async (options: { dataDir: string }) => failing(() => status(options.dataDir)));
}

async function rotate({ dataDir, distributeFor, keepOldFor, keyType }: RotateOptions): Promise<void> {
  const trustDomain = trustDomainOf(dataDir);
  const { signAt, dropAt } = await startRotation(dataDir, { trustDomain, keyType, distributeForMs: distributeFor, keepOldForMs: keepOldFor });
  process.stdout.write(`the new root is trusted from now on, signs from ${signAt.toISOString()}, and the old one goes at ${dropAt.toISOString()}\n`);
}

async function status(dataDir: string): Promise<void> {
  const { certificate, roots } = await loadSelfSigned(dataDir, { trustDomain: trustDomainOf(dataDir) });
  const rotation = await currentRotation(dataDir);
  process.stdout.write(`signs: ${certificate.subject}, until ${certificate.notAfter.toISOString()}\n`);
  for (const root of roots) process.stdout.write(`trusted: ${root.subject}, until ${root.notAfter.toISOString()}\n`);
  if (rotation !== undefined)
    process.stdout.write(
      `rotation: the new root signs from ${rotation.signAt.toISOString()}, the old one goes at ${rotation.dropAt.toISOString()}\n`,
    );
}

/** Of a data folder that a control plane has run on: there is nothing to rotate in any other. */
const trustDomainOf = (dataDir: string): string => noteOf(dataDir).trustDomain;

/** What the control plane last left there, also with a plugged-in CA. */
function noteOf(dataDir: string): TrustNote {
  const note = readTrustNote(dataDir);
  if (note === undefined) throw new Error(`${dataDir}: no control plane has run here yet (--data-dir)`);
  return note;
}
