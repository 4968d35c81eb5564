/** What changed, as the JSON Patch that an admission webhook answers with. RFC 6902 */
import { createPatch, type Operation } from 'rfc6902';
import type { Pod } from './pod.js';

export type JsonPatch = readonly Operation[];

export const patchOf = (before: Pod, after: Pod): JsonPatch => createPatch(before, after);
