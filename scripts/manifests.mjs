// Makes deploy/manifests/ out of the Helm chart, for those who have no Helm: `node scripts/manifests.mjs`. With --check nothing is written and the
// exit code says whether they are up to date: by the digest of the chart that each of them holds, and, where there is a Helm, by rendering anew.
// Helm is $MIZZEN_HELM, or the one on the PATH.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const top = dirname(dirname(fileURLToPath(import.meta.url)));
const chart = join(top, 'deploy', 'helm', 'mizzen');
const folder = join(top, 'deploy', 'manifests');
const isCheck = process.argv.includes('--check');
const helm = process.env.MIZZEN_HELM ?? 'helm';

/** File → what it is made with. */
const MANIFESTS = {
  'mizzen.yaml': { about: 'a revision beside istiod: namespaces choose it with istio.io/rev=mizzen', values: [] },
  'mizzen-default.yaml': { about: "the default revision, in istiod's place", values: ['revision='] },
  'mizzen-envoy.yaml': { about: 'a revision whose sidecars are stock Envoys', values: ['injection.settings.defaultTemplates={envoy}'] },
};

function digest() {
  const hash = createHash('sha256');
  const names = readdirSync(chart, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = names.map((entry) => join(entry.parentPath, entry.name)).sort();
  for (const path of paths) hash.update(path.slice(chart.length)).update(readFileSync(path));
  return hash.update(JSON.stringify(MANIFESTS)).digest('hex').slice(0, 16);
}

function render(values) {
  const sets = values.flatMap((value) => ['--set', value]);
  const { status, stdout, stderr, error } = spawnSync(
    helm,
    ['template', 'mizzen', chart, '--namespace', 'istio-system', '--kube-version', '1.36.0', ...sets],
    { encoding: 'utf8' },
  );
  if (error !== undefined) return undefined;
  if (status !== 0) throw new Error(`helm template: ${stderr}`);
  // Helm 4 puts an empty line between objects, Helm 3 none.
  return stdout
    .replaceAll(/[ \t]+$/gm, '')
    .replaceAll(/^# Source: .*\n/gm, '')
    .replaceAll(/\n{2,}(?=---\n)/g, '\n');
}

const mark = `# digest of the chart: ${digest()}\n`;
let wrong = 0;
for (const [name, { about, values }] of Object.entries(MANIFESTS)) {
  const path = join(folder, name);
  const rendered = render(values);
  if (rendered === undefined && !isCheck) throw new Error(`${helm} cannot be run: set MIZZEN_HELM`);
  const text =
    rendered === undefined
      ? undefined
      : `# Mizzen, ${about}. Made of deploy/helm/mizzen by scripts/manifests.mjs; edit the chart.\n${mark}${rendered}`;
  if (!isCheck) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path, text);
    continue;
  }
  const there = readFileSync(path, 'utf8');
  const isGood = there.includes(mark) && (text === undefined || there === text);
  if (!isGood) console.log(`${name} is not what the chart says: run node scripts/manifests.mjs`);
  if (!isGood) wrong++;
}
console.log(isCheck ? `${Object.keys(MANIFESTS).length - wrong} of ${Object.keys(MANIFESTS).length} manifests are up to date` : `made ${folder}`);
process.exitCode = wrong === 0 ? 0 : 1;
