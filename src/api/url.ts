/**
 * The few questions that Istio's rules ask about URLs, answered as Go's parser does (the web's parser is more forgiving).
 * https://pkg.go.dev/net/url#ParseRequestURI
 */

export interface RequestUri {
  readonly scheme: string;
  readonly host: string;
  readonly port: string;
}

/** An absolute URI or an absolute path; undefined for anything else. */
export function parseRequestUri(text: string): RequestUri | undefined {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (text === '' || /[\u0000-\u001f\u007f]/.test(text) || text.startsWith(':') || /%(?![0-9a-fA-F]{2})/.test(text)) return undefined;
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(text)?.[1] ?? '';
  const rest = scheme === '' ? text : text.slice(scheme.length + 1);
  if (!rest.startsWith('/')) return scheme === '' ? undefined : { scheme: scheme.toLowerCase(), host: '', port: '' };
  if (!rest.startsWith('//') || scheme === '') return { scheme: scheme.toLowerCase(), host: '', port: '' };
  const authority = rest.slice(2).split(/[/?]/, 1)[0]!;
  const address = authority.slice(authority.lastIndexOf('@') + 1);
  const parts = /^(\[[0-9a-fA-F:.%a-z]+\]|[^:[\]\s"<>^`{|}\\]*)(?::(\d*))?$/.exec(address);
  return parts === null ? undefined : { scheme: scheme.toLowerCase(), host: parts[1]!, port: parts[2] ?? '' };
}
