/** Trust anchors that ProxyConfig.caCertificatesPem adds to the mesh's for one proxy (PC-016), unchecked. */
import type { Mesh } from '../model/mesh.js';
import { effectiveProxyConfig } from '../translate/listener/settings.js';

export function addedRoots(mesh: Mesh, proxyKey: string): readonly string[] {
  const said: unknown = effectiveProxyConfig(mesh.config(), mesh.proxies.outboundScope(proxyKey).proxyConfig).caCertificatesPem;
  return Array.isArray(said) ? said : [];
}
