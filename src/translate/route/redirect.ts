/** HTTPRedirect: answered by the proxy with a 3xx. VS-026. */
import {
  RedirectAction_RedirectResponseCode as Code,
  type DeepPartial,
  type RedirectAction,
} from '@envoyproxy/xds-protos/envoy/config/route/v3/route_components.js';
import type { HTTPRedirect } from '../../api/istio.js';
import type { HTTPRedirectExtension } from '../../model/redirect-extension.js';
import { withoutPrefix } from './rewrite.js';
import type { Draft, RouteBlock, RouteContext } from './route-block.js';

const CODES: Readonly<Record<number, Code>> = {
  0: Code.MOVED_PERMANENTLY,
  301: Code.MOVED_PERMANENTLY,
  302: Code.FOUND,
  303: Code.SEE_OTHER,
  307: Code.TEMPORARY_REDIRECT,
  308: Code.PERMANENT_REDIRECT,
};

/** HTTPRoute.redirect. A status that Envoy can't send leaves the route without an action, and the route is then dropped. */
export const redirectBlock: RouteBlock<HTTPRedirect> = (draft, redirect, _http, context) => {
  if (redirect === undefined) return;
  const responseCode = CODES[redirect.redirectCode ?? 0];
  if (responseCode === undefined) return;
  const value: DeepPartial<RedirectAction> = {
    hostRedirect: redirect.authority ?? '',
    pathRewriteSpecifier: pathRewrite(redirect, draft),
    portRedirect: redirectPort(redirect, context),
    responseCode,
  };
  if (redirect.scheme) value.schemeRewriteSpecifier = { $case: 'schemeRedirect', value: redirect.scheme };
  draft.route.action = { $case: 'redirect', value };
};

function pathRewrite(redirect: HTTPRedirect & HTTPRedirectExtension, { route }: Draft): DeepPartial<RedirectAction>['pathRewriteSpecifier'] {
  if (redirect.prefixRewrite === '/') return { $case: 'regexRewrite', value: withoutPrefix(route.match?.pathSpecifier) };
  if (redirect.prefixRewrite !== undefined) return { $case: 'prefixRewrite', value: redirect.prefixRewrite };
  // Written even when empty: that is how Envoy is told to keep the path.
  return { $case: 'pathRedirect', value: redirect.uri ?? '' };
}

/** 0 when no port is to be written: the scheme's own ports are never shown. */
function redirectPort(redirect: HTTPRedirect, context: RouteContext): number {
  // Envoy can't take the port from the request, but a route always belongs to one listener port.
  const port = redirect.port ?? (redirect.derivePort === 'FROM_REQUEST_PORT' ? context.listenPort : 0);
  const scheme = redirect.scheme || (context.isTls ? 'https' : 'http');
  const isDefault = (scheme === 'http' && port === 80) || (scheme === 'https' && port === 443);
  return isDefault ? 0 : port;
}
