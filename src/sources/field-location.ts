/** From the place of a resource to that of one of its fields: rows do not remember it, the text does. */
import { readFileSync } from 'node:fs';
import type { FieldPath } from '../api/problem.js';
import type { SourceLocation } from '../api/resource.js';
import { type ParsedDocument, parsePart, splitParts } from '../yaml/parse-yaml.js';

/** A function that finds fields in files; parsed parts are kept as long as it is. Where the text has changed, the resource's place has to do. */
export function fieldLocator(read: (file: string) => string = (file) => readFileSync(file, 'utf8')) {
  const files = new Map<string, readonly { readonly line: number; readonly text: string; parsed?: readonly ParsedDocument[] }[]>();
  return (resource: SourceLocation, path: FieldPath): SourceLocation => {
    let parts = files.get(resource.file);
    if (parts === undefined) {
      try {
        parts = splitParts(read(resource.file));
      } catch {
        parts = [];
      }
      files.set(resource.file, parts);
    }
    const part = parts.findLast(({ line }) => line < resource.line);
    if (part === undefined) return resource;
    part.parsed ??= parsePart(part.text);
    for (const document of part.parsed) {
      const prefix = prefixOf(document, resource.line - part.line - 1, resource.column - 1);
      if (prefix === undefined) continue;
      const { line, column } = document.locate([...prefix, ...path]);
      return { file: resource.file, line: part.line + line + 1, column: column + 1 };
    }
    return resource;
  };
}

/** Where in the document the resource is: itself, or an item of a List; undefined when it is not there. */
function prefixOf(document: ParsedDocument, line: number, column: number): FieldPath | undefined {
  const isAt = (place: { line: number; column: number }): boolean => place.line === line && place.column === column;
  const items = (document.value as { items?: unknown } | null)?.items;
  const count = Array.isArray(items) ? items.length : 0;
  for (let index = 0; index < count; index++) if (isAt(document.locate(['items', index]))) return ['items', index];
  return isAt(document.start) ? [] : undefined;
}
