/** The demo: starts the example shop, tells its story, prints what was measured, and cleans up (or keeps it running with --keep). */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanup, onCleanup } from '../harness/cleanup.js';
import { startShop } from '../harness/shop.js';
import * as chapters from './chapters.js';
import { edges } from './edges.js';
import { progress, say, summary, title } from './terminal.js';

const keep = process.argv.includes('--keep');
const folder = mkdtempSync(join(tmpdir(), 'mizzen-demo-'));
onCleanup(() => rmSync(folder, { recursive: true, force: true }));

try {
  title('The shop');
  const shop = await startShop(folder, { say: progress });
  // What the story changes, as it was.
  cpSync(join(folder, 'mesh'), join(folder, 'before'), { recursive: true });
  say(`${shop.shop.workloads.length} Envoys carry traffic by the YAML in ${join(folder, 'mesh')}`);
  for (const chapter of [
    chapters.routing,
    chapters.canary,
    chapters.timeout,
    chapters.retries,
    chapters.brokenYaml,
    chapters.faults,
    chapters.mutualTls,
    chapters.egress,
    edges,
    chapters.restart,
  ]) {
    await chapter(shop);
  }
  const good = summary();
  process.exitCode = good ? 0 : 1;
  if (keep) {
    say(`\nStill running. Edit the YAML in ${join(folder, 'mesh')}: it takes effect when you save. Ctrl-C ends it and removes the folder.`);
    say(`  shop            ${shop.url}/   ${shop.url}/catalog   ${shop.url}/cart`);
    say(`  control plane   http://${shop.mizzen().http}/debug/syncz   http://${shop.mizzen().http}/metrics`);
    for (const [name, port] of shop.adminPorts) say(`  Envoy ${name.padEnd(12)}http://127.0.0.1:${port}/`);
    await new Promise(() => setInterval(() => {}, 60_000));
  }
} catch (error) {
  process.stderr.write(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  await cleanup();
}
