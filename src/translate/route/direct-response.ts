/** HTTPDirectResponse: the proxy answers by itself. VS-027. */
import type { DeepPartial, DirectResponseAction } from '@envoyproxy/xds-protos/envoy/config/route/v3/route_components.js';
import type { HTTPDirectResponse } from '../../api/istio.js';
import type { RouteBlock } from './route-block.js';

/** HTTPRoute.directResponse; a redirect on the same route wins. */
export const directResponseBlock: RouteBlock<HTTPDirectResponse> = (draft, response, http) => {
  if (response === undefined || http.redirect !== undefined) return;
  const value: DeepPartial<DirectResponseAction> = { status: response.status };
  const body = response.body as { string?: string; bytes?: string } | undefined;
  if (body?.string !== undefined) value.body = { specifier: { $case: 'inlineString', value: body.string } };
  else if (body?.bytes !== undefined) value.body = { specifier: { $case: 'inlineBytes', value: Buffer.from(body.bytes, 'base64') } };
  draft.route.action = { $case: 'directResponse', value };
};
