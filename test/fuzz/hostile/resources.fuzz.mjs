/** Resources of every kind with fields that are something else: what passes validation is translated for a sidecar and a gateway without an error. */
import fc from 'fast-check';
import { parseResources } from '../../../dist/sources/load.js';
import { goldenResources } from './goldens.mjs';
import { oneOf, served } from './mesh.mjs';
import { spoiledJson } from './texts.mjs';

/** JSON: a list of resources. */
export const inputs = fc.array(spoiledJson(oneOf(goldenResources)), { minLength: 1, maxLength: 6 });

export function check(input) {
  const { resources } = parseResources(input.map((one) => JSON.stringify(one)).join('\n---\n'));
  served(resources);
}
