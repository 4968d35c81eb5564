/** What HTTP headers are made of. Envoy refuses the whole route configuration for anything else. https://www.rfc-editor.org/rfc/rfc9110#section-5 */

/** A header's name, without Envoy's pseudo headers. */
export function headerName(name: string): string | undefined {
  if (name === '') return 'the name of a header must not be empty';
  return /^[!#$%&'*+\-.^_`|~A-Za-z0-9]+$/.test(name) ? undefined : `'${name}' is no header name`;
}

/** What goes into a header of the request or the answer. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
export const headerText = (text: string): string | undefined => (/[\u0000\r\n]/.test(text) ? 'must not have line ends or NUL' : undefined);
