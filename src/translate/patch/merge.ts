/**
 * Merging of messages as Istio's EnvoyFilter does it (EF-018): fields that the patch sets replace scalars, merge into messages, append to lists (or
 * replace them: MERGE_AND_REPLACE_LIST) and set entries of maps. What protobuf cannot see as set, a zero, changes nothing. Durations are values.
 * https://istio.io/latest/docs/reference/config/networking/envoy-filter/#EnvoyFilter-Patch-Operation
 */
import { clone, type DescField, type DescMessage, type Message } from '@bufbuild/protobuf';
import { type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect';
import { decodeAs, encodeAs, typeOfUrl } from './envoy-types.js';
import type { AnyMessage, Named } from './messages.js';

/** What happens to a list that both messages have. */
export type Lists = 'append' | 'replace';

const DURATION = 'google.protobuf.Duration';

/** Merges `patch` into `target` in place; `patch` itself stays as it is. */
export function mergeInto(type: DescMessage, target: Message, patch: Message, lists: Lists = 'append'): void {
  mergeMessage(reflect(type, target), reflect(type, clone(type, patch)), lists);
}

function mergeMessage(target: ReflectMessage, patch: ReflectMessage, lists: Lists): void {
  for (const field of patch.fields) if (patch.isSet(field)) mergeField(target, patch, field, lists);
  const unknown = patch.getUnknown() ?? [];
  if (unknown.length > 0) target.setUnknown([...(target.getUnknown() ?? []), ...unknown]);
}

function mergeField(target: ReflectMessage, patch: ReflectMessage, field: DescField, lists: Lists): void {
  switch (field.fieldKind) {
    case 'list': {
      const list = target.get(field);
      if (lists === 'replace') list.clear();
      for (const item of patch.get(field)) list.add(item);
      return;
    }
    case 'map': {
      const map = target.get(field);
      for (const [key, value] of patch.get(field)) map.set(key, value);
      return;
    }
    case 'message': {
      if (field.message.typeName === DURATION || !target.isSet(field)) return target.set(field, patch.get(field));
      const inner = target.get(field);
      mergeMessage(inner, patch.get(field), lists);
      return target.set(field, inner);
    }
    default:
      target.set(field, patch.get(field));
  }
}

/** Merges what two Anys hold when they hold the same type; else the patch's takes the place of the other. */
export function mergeAny(target: AnyMessage, patch: AnyMessage): AnyMessage {
  const type = typeOfUrl(target.typeUrl);
  if (type === undefined || typeOfUrl(patch.typeUrl) !== type) return { ...patch };
  const merged = decodeAs(type, target.value);
  mergeInto(type, merged, decodeAs(type, patch.value));
  return { ...target, value: encodeAs(type, merged) };
}

/** The typed configuration of a filter or a transport socket, if it has one. */
export const typedConfig = ({ configType }: Named): AnyMessage | undefined =>
  configType.case === 'typedConfig' ? (configType.value as AnyMessage) : undefined;

export function setTypedConfig(holder: Named, value: AnyMessage): void {
  holder.configType = { case: 'typedConfig', value };
}

/** Merges the typed configuration of `patch` into the one of `target`; false when one of the two has none. */
export function mergeTypedConfig(target: Named, patch: Named): boolean {
  const [old, change] = [typedConfig(target), typedConfig(patch)];
  if (old === undefined || change === undefined) return false;
  setTypedConfig(target, mergeAny(old, change));
  return true;
}
