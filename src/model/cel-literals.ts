/**
 * What the parser of CEL that is used here does not read as Envoy does: comments, quoted names, and escapes in texts.
 * https://github.com/google/cel-spec/blob/master/doc/langdef.md#string-and-bytes-values
 */

const ESCAPE = /\\(?:[abfnrtv\\?"'`]|[xX][\dA-Fa-f]{2}|u[\dA-Fa-f]{4}|U[\dA-Fa-f]{8}|[0-3][0-7]{2})/y;

/** What may stand in a quoted name, which is a field of something. */
const QUOTED = /(?<=\.)`[\w.\-/ ]+`/y;

/** The text, as long as it was, with spaces for its comments and plain names for quoted ones; and where it has a backslash that begins no escape. */
export function readLiterals(text: string): { readonly plain: string; readonly badEscape?: number } {
  let plain = '';
  let at = 0;
  while (at < text.length) {
    const start = at;
    if (text.startsWith('//', at)) {
      while (at < text.length && text[at] !== '\n') at++;
      plain += ' '.repeat(at - start);
      continue;
    }
    QUOTED.lastIndex = at;
    if (QUOTED.test(text)) {
      at = QUOTED.lastIndex;
      plain += '_'.repeat(at - start);
      continue;
    }
    const quote = ['"""', "'''", '"', "'"].find((one) => text.startsWith(one, at));
    if (quote === undefined) {
      plain += text[at++];
      continue;
    }
    const isRaw = /[rR][bB]?$/.test(prefix(text, at));
    at += quote.length;
    while (at < text.length && !text.startsWith(quote, at)) {
      if (text[at] !== '\\' || isRaw) {
        at++;
        continue;
      }
      ESCAPE.lastIndex = at;
      if (!ESCAPE.test(text)) return { plain: text, badEscape: at };
      at = ESCAPE.lastIndex;
    }
    at += quote.length;
    plain += text.slice(start, at);
  }
  return { plain };
}

/** The letters that stand directly before a quote, if they are no end of a name. */
function prefix(text: string, at: number): string {
  let start = at;
  while (start > 0 && at - start < 3 && /\w/.test(text[start - 1] as string)) start--;
  return at - start < 3 ? text.slice(start, at) : '';
}
