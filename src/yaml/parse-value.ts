/** One value of YAML inside something else, such as an annotation: a peer's or an author's text, so it has limits as files have. */
import { DEFAULT_LIMITS, parsePart } from './parse-yaml.js';

/** Far more than an annotation or a small file of settings needs. */
const LIMITS = { ...DEFAULT_LIMITS, maxDocumentSize: 1 << 20, maxTokens: 200_000, maxDocuments: 1, maxExpandedSize: 2 << 20 };

/** The value of a text that holds one document; null for an empty one. Throws an Error that says what is wrong first. */
export function parseValue(text: string): unknown {
  const [document, second] = parsePart(text, LIMITS);
  const [error] = document?.errors ?? [];
  if (error !== undefined) throw new Error(`line ${error.line + 1}: ${error.message}`);
  if (second !== undefined) throw new Error('there is more than one document');
  return document?.value ?? null;
}
