/** The router: always last. https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter */
import { Router } from '@envoyproxy/xds-protos/envoy/extensions/filters/http/router/v3/router.js';
import { toAny } from '../proto.js';
import type { HttpFilterContext } from './index.js';

const named = (config: Parameters<typeof Router.fromPartial>[0]) => ({
  name: 'envoy.filters.http.router',
  configType: { $case: 'typedConfig' as const, value: toAny(Router, config) },
});
const plain = named({});
const withoutDebugHeaders = named({ suppressEnvoyHeaders: true });

export const router = ({ suppressDebugHeaders }: HttpFilterContext) => (suppressDebugHeaders ? withoutDebugHeaders : plain);
