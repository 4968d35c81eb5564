/**
 * Texts that Envoy fills in: formats of access logs, of tags and of headers towards collectors. With one that it can't read it refuses what holds it.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage#format-strings
 */

/** `%%`, or a command with arguments and a length: `%REQ(:PATH):10%`. */
const COMMAND = /%(?:%|[A-Z0-9_]+(?:\(.*?\))?(?::\d+)?%)/sy;

/** What is wrong with a format. Which commands there are depends on the Envoy, and is left to it. */
export function formatString(text: string): string | undefined {
  for (let at = text.indexOf('%'); at >= 0; at = text.indexOf('%', COMMAND.lastIndex)) {
    COMMAND.lastIndex = at;
    if (!COMMAND.test(text)) return `'${text}': a '%' must be doubled or begin a command that ends with '%'`;
  }
  return undefined;
}
