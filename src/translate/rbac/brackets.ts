/** Names in brackets, as the keys of conditions have them: `request.headers[x-user]`, `request.auth.claims[a][b]`. */

/** `[name]` → name; undefined for anything else. Envoy has no matcher for an empty name. */
export const bracketed = (text: string): string | undefined =>
  text.length > 2 && text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : undefined;

/** `[a][b]` → a, b. Brackets that do not pair up one by one are part of a single name. */
export function bracketedPath(text: string): readonly string[] | undefined {
  if (/^(\[[^[\]]*\])+$/.test(text)) {
    const names = text.slice(1, -1).split('][');
    return names.includes('') ? undefined : names;
  }
  const name = bracketed(text);
  return name === undefined ? undefined : [name];
}
