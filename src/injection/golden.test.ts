/**
 * One runner for `testdata/*.pods.yaml`: each document is a pod, what holds for it, why it is there, and which parts of the result are shown.
 * `UPDATE_GOLDEN=1` rewrites `*.injected.yaml`. Every pod is also injected a second time, and rebuilt from the webhook's patch.
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { applyPatch } from 'rfc6902';
import { parse, parseAllDocuments, stringify } from 'yaml';
import type { MeshConfig, ProxyConfig } from '../api/mesh-config.js';
import { effectiveMeshConfig } from '../model/mesh-config.js';
import { mergeProxyConfig } from '../model/proxy-config.js';
import { decideInjection } from './decision.js';
import { injectPod } from './inject.js';
import { patchOf } from './patch.js';
import { annotationsOf, type Pod, type Texts } from './pod.js';
import { readInjectionConfig } from './settings.js';
import { partAt } from './testing/part-at.js';

interface Case {
  why: string;
  /** Settings of injection. */
  settings?: Record<string, unknown>;
  mesh?: MeshConfig;
  nativeSidecars?: boolean;
  revision?: string;
  compliancePolicy?: string;
  namespace?: string;
  namespaceAnnotations?: Texts;
  variables?: Texts;
  /** Paths to print; a trailing `[]` prints the names of a list. @default the whole pod */
  show?: string[];
  /** The second injection is not the first: why. */
  changesAgain?: string;
  pod: Pod;
}

const folder = join(dirname(fileURLToPath(import.meta.url)), 'testdata');
const isUpdate = process.env['UPDATE_GOLDEN'] === '1';
const inputs = globSync('*.pods.yaml', { cwd: folder }).sort();
let count = 0;

function inject(one: Case, pod: Pod): Pod | string {
  const config = readInjectionConfig(stringify(one.settings ?? {}), {
    ...(one.revision !== undefined && { revision: one.revision }),
    ...(one.compliancePolicy !== undefined && { compliancePolicy: one.compliancePolicy }),
  });
  const decision = decideInjection(pod, one.namespace ?? pod.metadata?.namespace ?? 'shop', config);
  if (!decision.inject) return `not injected: ${decision.reason}`;
  const meshConfig = effectiveMeshConfig(one.mesh);
  const own = annotationsOf(pod)['proxy.istio.io/config'];
  const proxyConfig = mergeProxyConfig(meshConfig.defaultConfig, own === undefined ? undefined : (parse(own) as ProxyConfig));
  try {
    return injectPod(
      {
        pod,
        meshConfig,
        proxyConfig,
        nativeSidecars: one.nativeSidecars ?? true,
        ...(one.variables && { variables: one.variables }),
        ...(one.namespaceAnnotations && { namespaceAnnotations: one.namespaceAnnotations }),
      },
      config,
    );
  } catch (error) {
    return `refused: ${(error as Error).message}`;
  }
}

/** As it comes over the wire. */
const json = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

function render(one: Case): string {
  const result = inject(one, one.pod);
  const shown =
    typeof result === 'string' ? result : one.show === undefined ? result : Object.fromEntries(one.show.map((path) => [path, partAt(result, path)]));
  return stringify({ why: one.why, result: shown }, { lineWidth: 0, aliasDuplicateObjects: false });
}

describe('injected pods', () => {
  for (const input of inputs) {
    const cases = parseAllDocuments(readFileSync(join(folder, input), 'utf8')).map((document) => document.toJS() as Case);
    const output = join(folder, input.replace('.pods.', '.injected.'));
    count += cases.length;
    test(`${basename(input, '.pods.yaml')} looks as before`, () => {
      const text = cases.map(render).join('---\n');
      if (isUpdate) writeFileSync(output, text);
      expect(text).toBe(readFileSync(output, 'utf8'));
    });
    for (const one of cases) {
      const made = inject(one, one.pod);
      if (typeof made === 'string') continue;
      test(`${one.why}: the patch gives the same, injecting again changes nothing`, () => {
        const patched = json(one.pod);
        expect(applyPatch(patched, [...patchOf(json(one.pod), json(made))]).filter((error) => error !== null)).toEqual([]);
        expect(patched).toEqual(made);
        if (one.changesAgain === undefined) expect(inject(one, made)).toEqual(made);
        else expect(inject(one, made)).not.toEqual(made);
      });
    }
  }

  test('there are sixty pods at least', () => expect(count).toBeGreaterThanOrEqual(60));
});
