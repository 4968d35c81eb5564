#!/usr/bin/env node
// Starts the command line under a Node that is new enough: the one that runs us, or the pinned npm package `node`.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [major, minor] = process.versions.node.split('.').map(Number);
const main = join(dirname(dirname(fileURLToPath(import.meta.url))), 'dist', 'main.js');
if (!existsSync(main)) {
  console.error('mizzen: not built yet; run `npm run build` first');
  process.exit(1);
}
if (major > 22 || (major === 22 && minor >= 15)) {
  await import(main);
} else {
  const packaged = join(dirname(createRequire(import.meta.url).resolve('node/package.json')), 'bin', 'node');
  const { status, signal } = spawnSync(packaged, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  if (signal !== null) process.kill(process.pid, signal);
  process.exit(status ?? 1);
}
