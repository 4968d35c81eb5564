/** Pages about what one proxy is served, in the form of Envoy's own admin endpoint. */
import { fromBinary, toJson } from '@bufbuild/protobuf';
import type { Any } from '@envoyproxy/xds-protos/google/protobuf/any.js';
import { dumpConfig } from '../server/config-dump.js';
import { envoyTypes, typeOfUrl } from '../translate/patch/envoy-types.js';
import { resourceToJson } from '../views/json.js';
import { NAME_TABLE_TYPE } from '../views/type-urls.js';
import { isOn, ofProxy, type PageParts, type Pages } from './page.js';
import { DUMPED_TYPES, type DumpedType, envoyDump, resourcesOfType, servedOf } from './served.js';

export function dumpPages({ mesh, views }: PageParts): Pages {
  const typed = (type: DumpedType) => ofProxy(mesh, (proxy) => ({ configs: resourcesOfType(views, proxy.key, type).map(anyToJson) }));
  return {
    config_dump: {
      help: 'what a proxy is served, as Envoy dumps it; ?proxyID=NAME.NAMESPACE, &types=cds,eds, &include_eds, or &origins with the rows that it was made from',
      forOwnNamespace: true,
      answer: ofProxy(mesh, (proxy, query) => {
        if (isOn(query.get('origins'))) return dumpConfig(views, proxy.key, { origins: true, redact: true });
        const types = (query.get('types') ?? '').split(',').filter((type): type is DumpedType => DUMPED_TYPES.has(type));
        if (query.get('types')) return { configs: types.flatMap((type) => resourcesOfType(views, proxy.key, type)).map(anyToJson) };
        return { configs: envoyDump(views, proxy.key, { endpoints: query.has('include_eds') }).map(anyToJson) };
      }),
    },
    edsz: { help: 'the endpoints that a proxy is served; ?proxyID=NAME.NAMESPACE', forOwnNamespace: true, answer: typed('eds') },
    ecdsz: { help: 'the extensions that a proxy is served; ?proxyID=NAME.NAMESPACE', answer: typed('ecds') },
    ndsz: {
      help: 'the names that a proxy resolves itself; ?proxyID=NAME.NAMESPACE',
      forOwnNamespace: true,
      answer: ofProxy(mesh, (proxy) => ({
        configs: servedOf(views, proxy.key, NAME_TABLE_TYPE).map((one) => ({ '@type': NAME_TABLE_TYPE, ...resourceToJson(one) })),
      })),
    },
  };
}

/** The message with its type, every Any inside expanded. */
export function anyToJson({ typeUrl, value }: Any): unknown {
  const type = typeOfUrl(typeUrl);
  if (type === undefined) return { '@type': typeUrl };
  const json = toJson(type, fromBinary(type, value), { registry: envoyTypes() });
  return { '@type': typeUrl, ...(json as object) };
}
