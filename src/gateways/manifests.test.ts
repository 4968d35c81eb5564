/**
 * One runner for `testdata/*.gateways.yaml`: each document is a Gateway, what holds for it, why it is there, and which parts of its manifests are
 * shown. `UPDATE_GOLDEN=1` rewrites `*.manifests.yaml`.
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { parseAllDocuments, stringify } from 'yaml';
import type { MeshConfig, ProxyConfig } from '../api/mesh-config.js';
import { readInjectionConfig } from '../injection/settings.js';
import { partAt } from '../injection/testing/part-at.js';
import type { GatewayRow, Listener } from '../model/gateway-api/types.js';
import { effectiveMeshConfig } from '../model/mesh-config.js';
import { mergeProxyConfig } from '../model/proxy-config.js';
import type { Manifest, Overlays } from './managed-gateway.js';
import { manifestsOf } from './manifests.js';
import { servicePorts } from './service.js';

interface Case {
  why: string;
  /** Settings of injection. */
  settings?: Record<string, unknown>;
  template?: 'gateway' | 'envoy-gateway';
  mesh?: MeshConfig;
  proxyConfig?: ProxyConfig;
  revision?: string;
  overlays?: Overlays[];
  /** Of ListenerSets. */
  listeners?: Listener[];
  /** `Deployment.spec.template`: what to print. @default all */
  show?: string[];
  /** With `--quic-listeners`. */
  http3?: true;
  gateway: { metadata: Partial<GatewayRow['metadata']> & { name: string }; spec: GatewayRow['spec'] };
}

const folder = join(dirname(fileURLToPath(import.meta.url)), 'testdata');
const isUpdate = process.env['UPDATE_GOLDEN'] === '1';
const inputs = globSync('*.gateways.yaml', { cwd: folder }).sort();

function manifests(one: Case): readonly Manifest[] | string {
  const config = readInjectionConfig(stringify(one.settings ?? {}), { revision: one.revision ?? '' });
  const meshConfig = effectiveMeshConfig(one.mesh);
  const { metadata, spec } = one.gateway;
  const gateway: GatewayRow = {
    kind: 'K8sGateway',
    apiVersion: 'gateway.networking.k8s.io/v1',
    metadata: { namespace: 'shop', labels: {}, annotations: {}, uid: 'uid-of-gateway', ...metadata },
    spec,
    createdAt: 0,
  };
  try {
    return manifestsOf(
      {
        gateway,
        listeners: [...(spec.listeners ?? []), ...(one.listeners ?? [])],
        overlays: one.overlays ?? [],
        ...(one.http3 && { http3: one.http3 }),
        proxyConfig: mergeProxyConfig(meshConfig.defaultConfig, one.proxyConfig),
      },
      {
        values: config.values,
        meshConfig,
        revision: config.revision,
        clusterId: 'Kubernetes',
        template: one.template ?? 'gateway',
        compliancePolicy: '',
      },
    );
  } catch (error) {
    return `refused: ${(error as Error).message}`;
  }
}

function render(one: Case): string {
  const made = manifests(one);
  const byKind = typeof made === 'string' ? made : Object.fromEntries(made.map((manifest) => [manifest.kind, manifest]));
  const shown =
    typeof byKind === 'string' || one.show === undefined ? byKind : Object.fromEntries(one.show.map((path) => [path, partAt(byKind, path)]));
  return stringify({ why: one.why, result: shown }, { lineWidth: 0, aliasDuplicateObjects: false });
}

describe('manifests of managed Gateways', () => {
  test.each(inputs)('GA-002, GA-003, GA-004: %s looks as before', (input) => {
    const cases = parseAllDocuments(readFileSync(join(folder, input), 'utf8')).map((document) => document.toJS() as Case);
    const output = join(folder, `${basename(input, '.gateways.yaml')}.manifests.yaml`);
    const text = cases.map(render).join('---\n');
    if (isUpdate) writeFileSync(output, text);
    expect(text).toBe(readFileSync(output, 'utf8'));
  });

  test('GA-004: names of ports are unique, and no longer than Kubernetes allows', () => {
    const long = 'x'.repeat(80);
    const listener = (name: string, port: number): Listener => ({ name, port, protocol: 'HTTP' });
    const names = servicePorts([listener('a.b', 80), listener('a-b', 81), listener(long, 82), listener(`${long}y`, 83), listener('status-port', 84)]);
    expect(names.map(({ name }) => name)).toEqual(['status-port', 'a-b', 'a-b-81', 'x'.repeat(63), `${'x'.repeat(60)}-83`, 'status-port-84']);
  });
});
