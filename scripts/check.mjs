/** `npm run check`: format, lint, types, import law, unused code. Every part runs; the last line says how many passed. */
import { spawnSync } from 'node:child_process';

const parts = [
  ['format', 'biome', ['check', '--linter-enabled=false', '--error-on-warnings', '.']],
  ['lint', 'oxlint', ['--type-aware', '--deny-warnings']],
  ['types', 'tsc', ['-p', 'tsconfig.json']],
  ['imports', 'depcruise', ['--config', '.dependency-cruiser.cjs', 'src']],
  ['unused', 'knip', ['--no-progress']],
  ['compose file', 'node', ['scripts/demo-compose.mjs', '--check']],
  ['manifests', 'node', ['scripts/manifests.mjs', '--check']],
];
/** The import check is worth nothing when it saw nothing. */
const LEAST_MODULES = 300;

let failed = 0;
for (const [name, command, args] of parts) {
  const begun = Date.now();
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    shell: process.platform === 'win32',
    maxBuffer: 1 << 26,
    env: { ...process.env, FORCE_COLOR: '0' },
  });
  const modules = name === 'imports' ? Number(/\((\d+) modules/.exec(stdout)?.[1] ?? /(\d+) modules/.exec(stdout)?.[1] ?? 0) : undefined;
  const isGood = status === 0 && (modules === undefined || modules >= LEAST_MODULES);
  console.log(`${isGood ? 'ok  ' : 'FAIL'} ${name}${modules === undefined ? '' : ` (${modules} modules)`} ${Date.now() - begun} ms`);
  if (isGood) continue;
  failed++;
  console.log([error?.message, stdout, stderr].filter(Boolean).join('\n').split('\n').slice(-80).join('\n'));
}
console.log(`${parts.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
