/**
 * EnvoyFilter patches of bootstraps (EF-015): merged into what an Envoy starts with, by `mizzen bootstrap` and for agents that ask.
 * https://istio.io/latest/docs/reference/config/networking/envoy-filter/#EnvoyFilter-ApplyTo
 */
import { create, fromJson, type JsonObject, type Message, toJson } from '@bufbuild/protobuf';
import { envoyType, envoyTypes } from './envoy-types.js';
import { mergeInto } from './merge.js';
import { listsOf, type Patch } from './patch.js';

export const BOOTSTRAP = 'envoy.config.bootstrap.v3.Bootstrap';

/** The patches for a proxy of that type, in order. Sides of a sidecar share one bootstrap. */
export const bootstrapPatches = (patches: readonly Patch[], isGateway: boolean): readonly Patch[] =>
  patches.filter(({ applyTo, context }) => applyTo === 'BOOTSTRAP' && (context === 'ANY' || (context === 'GATEWAY') === isGateway));

/** What the patches come to by themselves. */
export function mergedBootstrapPatches(patches: readonly Patch[]): Message {
  const type = envoyType(BOOTSTRAP);
  const merged = create(type);
  for (const patch of patches) mergeInto(type, merged, patch.value as Message, listsOf(patch));
  return merged;
}

/** JSON of a bootstrap with the patches in it, in the names of the proto files. */
export function patchBootstrap(bootstrap: JsonObject, patches: readonly Patch[]): JsonObject {
  if (patches.length === 0) return bootstrap;
  const { message, newer } = readBootstrap(bootstrap);
  for (const patch of patches) mergeInto(envoyType(BOOTSTRAP), message, patch.value as Message, listsOf(patch));
  return writeBootstrap(message, newer);
}

/** Lays a bootstrap of the user's own over another, as Envoy's flag --config-yaml does (PC-019). @throws what is wrong with `over` */
export function mergeBootstraps(bootstrap: JsonObject, over: JsonObject): JsonObject {
  const below = readBootstrap(bootstrap);
  const above = readBootstrap(over);
  mergeInto(envoyType(BOOTSTRAP), below.message, above.message);
  return writeBootstrap(below.message, { ...below.newer, ...above.newer });
}

/** Fields of Envoys newer than the API that we are built with: they pass as they stand. */
const NEWER_FIELDS = ['stats_eviction_interval'];

function readBootstrap(bootstrap: JsonObject): { readonly message: Message; readonly newer: JsonObject } {
  const entries = Object.entries(bootstrap);
  const isNewer = (name: string) => NEWER_FIELDS.includes(name);
  const known = Object.fromEntries(entries.filter(([name]) => !isNewer(name)));
  const newer = Object.fromEntries(entries.filter(([name]) => isNewer(name)));
  return { message: fromJson(envoyType(BOOTSTRAP), known, { registry: envoyTypes() }), newer };
}

const writeBootstrap = (message: Message, newer: JsonObject): JsonObject => ({
  ...(toJson(envoyType(BOOTSTRAP), message, { registry: envoyTypes(), useProtoFieldName: true }) as JsonObject),
  ...newer,
});
