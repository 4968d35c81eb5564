/**
 * Reads what an installation says about injection: our own file, or the ConfigMap istio-sidecar-injector (IN-004), whose built-in templates are
 * taken as ours. https://istio.io/latest/docs/setup/additional-setup/sidecar-injection/#customizing-injection
 */
import { parse } from 'yaml';
import type { LabelSelector } from '../api/mesh-config.js';
import type { InjectionConfig } from './inject.js';
import type { Texts } from './pod.js';
import { BUILT_IN, userTemplate } from './templates/index.js';
import { mergeValues } from './values.js';

/** The file, in YAML. All of it may be left out. */
interface InjectionSettings {
  policy?: string;
  defaultTemplates?: string[];
  templates?: Record<string, string>;
  aliases?: Record<string, string[]>;
  neverInjectSelector?: LabelSelector[];
  alwaysInjectSelector?: LabelSelector[];
  injectedAnnotations?: Texts;
  /** Istio's chart's, see values.ts. */
  values?: Record<string, unknown>;
}

export interface SettingsOptions {
  /** @default `values.revision` */
  readonly revision?: string;
  readonly compliancePolicy?: string;
}

/** Templates of Istio's chart that only its own controllers use. */
const ISTIO_TEMPLATES = new Set([...Object.keys(BUILT_IN), 'waypoint', 'kube-gateway', 'agentgateway', 'agentgateway-waypoint']);

/** @throws Error that names the field which cannot be followed. */
export function readInjectionConfig(text: string, options: SettingsOptions = {}): InjectionConfig {
  const { settings, isIstios } = fields(parse(text) as unknown);
  const { policy = 'enabled', defaultTemplates = [], aliases = {}, neverInjectSelector, alwaysInjectSelector, injectedAnnotations } = settings;
  if (policy !== 'enabled' && policy !== 'disabled') throw new Error(`policy: ${JSON.stringify(policy)} is neither enabled nor disabled`);
  const values = mergeValues(settings.values);
  const own = Object.entries(settings.templates ?? {}).filter(([name]) => !(isIstios && ISTIO_TEMPLATES.has(name)));
  return {
    policy,
    values,
    revision: options.revision ?? values.revision,
    defaultTemplates: defaultTemplates.length === 0 ? ['sidecar'] : defaultTemplates,
    templates: { ...BUILT_IN, ...Object.fromEntries(own.map(([name, template]) => [name, userTemplate(name, template)])) },
    aliases,
    neverInjectSelector: neverInjectSelector ?? [],
    alwaysInjectSelector: alwaysInjectSelector ?? [],
    injectedAnnotations: injectedAnnotations ?? {},
    compliancePolicy: options.compliancePolicy ?? '',
  };
}

function fields(value: unknown): { settings: InjectionSettings; isIstios: boolean } {
  if (value === null || value === undefined) return { settings: {}, isIstios: false };
  if (typeof value !== 'object' || Array.isArray(value)) throw new Error('the settings of injection are no mapping');
  const { kind, data } = value as { kind?: string; data?: Texts };
  if (kind !== 'ConfigMap') return { settings: value as InjectionSettings, isIstios: false };
  const config = parse(data?.['config'] ?? '{}') as InjectionSettings;
  const values = parse(data?.['values'] ?? '{}') as Record<string, unknown>;
  return { settings: { ...config, values }, isIstios: true };
}
