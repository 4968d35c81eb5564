/** Texts in extension providers that Envoy has to be able to read: it refuses every listener that reports to the provider otherwise. */
import { headerName } from '../api/header-text.js';
import type { ExtensionProvider } from '../api/mesh-config.js';
import { each, eachEntry, type Findings } from './findings.js';
import { formatString } from './format-string.js';
import { headerValue } from './headers.js';

interface Header {
  readonly name?: string;
  readonly value?: string;
}

/** The parts of all kinds that are looked at; their shapes were checked before. */
interface Texts {
  readonly logFormat?: { readonly text?: string; readonly labels?: unknown };
  readonly headers?: readonly Header[];
  readonly http?: { readonly headers?: readonly Header[] };
  readonly grpc?: { readonly initialMetadata?: readonly Header[] };
  readonly includeAdditionalHeadersInCheck?: Readonly<Record<string, string>>;
}

export function validateExtensionProvider(provider: ExtensionProvider, findings: Findings): void {
  for (const [kind, value] of Object.entries(provider)) {
    if (typeof value !== 'object' || value === null) continue;
    const at = findings.at(kind);
    const { logFormat, headers, http, grpc, includeAdditionalHeadersInCheck } = value as Texts;
    if (logFormat?.text !== undefined) at.at('logFormat', 'text').check(formatString(logFormat.text));
    validateLabels(logFormat?.labels, at.at('logFormat', 'labels'));
    validateHeaders(headers, at.at('headers'));
    validateHeaders(http?.headers, at.at('http', 'headers'));
    validateHeaders(grpc?.initialMetadata, at.at('grpc', 'initialMetadata'));
    eachEntry(includeAdditionalHeadersInCheck, at.at('includeAdditionalHeadersInCheck'), (name, text, entry) => {
      entry.check(headerName(name));
      entry.check(headerValue(text));
    });
  }
}

function validateLabels(labels: unknown, findings: Findings): void {
  if (typeof labels === 'string') findings.check(formatString(labels));
  else if (typeof labels === 'object' && labels !== null)
    eachEntry(labels as Readonly<Record<string, unknown>>, findings, (_, value, at) => validateLabels(value, at));
}

function validateHeaders(headers: readonly Header[] | undefined, findings: Findings): void {
  each(headers, findings, ({ name = '', value }, at) => {
    at.at('name').check(headerName(name));
    if (value !== undefined) at.at('value').check(headerValue(value));
  });
}
