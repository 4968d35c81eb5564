/** The inputs of the golden tests as material: mesh YAML that means something. */
import { readdirSync, readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';

const src = new URL('../../../src/', import.meta.url);

/** Texts of all golden inputs without their first document, which says who looks. */
export const goldenTexts = readdirSync(src, { recursive: true })
  .filter((file) => file.endsWith('.in.yaml'))
  .sort()
  .map((file) => readFileSync(new URL(file, src), 'utf8'))
  .map((text) => text.slice(text.indexOf('\n---') + 1));

/** Their resources. */
export const goldenResources = goldenTexts.flatMap((text) =>
  parseAllDocuments(text)
    .map((document) => document.toJS())
    .filter((resource) => typeof resource?.kind === 'string'),
);
