/** HTTPRewrite: a new path or host before the request is forwarded. VS-023, VS-024, VS-025. */
import type { DeepPartial, RouteMatch } from '@envoyproxy/xds-protos/envoy/config/route/v3/route_components.js';
import type { RegexMatchAndSubstitute } from '@envoyproxy/xds-protos/envoy/type/matcher/v3/regex.js';
import type { HTTPRewrite } from '../../api/istio.js';
import type { RouteBlock } from './route-block.js';

/** HTTPRoute.rewrite. Its authority wins over the route's headers. */
export const rewriteBlock: RouteBlock<HTTPRewrite> = (draft, rewrite, _http, context) => {
  if (rewrite === undefined) return;
  const { action } = draft;
  action.appendXForwardedHost = context.appendXForwardedHost;
  const regex = rewrite.uriRegexRewrite;
  if (regex !== undefined) {
    action.regexRewrite = { pattern: { regex: regex.match ?? '' }, substitution: regex.rewrite ?? '' };
  } else if (rewrite.uri) {
    const path = draft.route.match?.pathSpecifier;
    if (context.owner.semantics === 'gateway-api' && rewrite.uri === '/') {
      action.regexRewrite = withoutPrefix(path);
    } else {
      action.prefixRewrite = rewrite.uri;
    }
  }
  if (rewrite.authority) draft.authority = rewrite.authority;
};

/** Replacing a segment prefix by "/" must not leave "//": take the separator away with it. */
export function withoutPrefix(path: DeepPartial<RouteMatch>['pathSpecifier']): DeepPartial<RegexMatchAndSubstitute> {
  const prefix = path?.$case === 'pathSeparatedPrefix' ? (path.value ?? '') : '';
  return { pattern: { regex: `^${quote(prefix)}(/?)(.*)` }, substitution: '/\\2' };
}

/** Escapes what RE2 reads as an operator. */
const quote = (text: string): string => text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');
