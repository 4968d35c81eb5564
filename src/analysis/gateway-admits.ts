/** Which hosts of which namespaces a Gateway's servers take (GW-021). */
import type { Gateway } from '../api/istio.js';
import { hostsOverlap } from '../model/hosts.js';

/** True when some server takes the host from VirtualServices of the namespace; from any namespace when none is given. */
export function admits({ spec, metadata }: Gateway, host: string, namespace?: string): boolean {
  return (spec.servers ?? []).some((server) =>
    server.hosts.some((text) => {
      const one = split(text, metadata.namespace);
      return (namespace === undefined || one.namespace === '*' || one.namespace === namespace) && hostsOverlap(host, one.host);
    }),
  );
}

/** `ns/host`, `./host` for the own namespace, or a bare host, which is for every namespace. */
function split(text: string, own: string): { readonly namespace: string; readonly host: string } {
  const slash = text.indexOf('/');
  if (slash < 0) return { namespace: '*', host: text };
  const namespace = text.slice(0, slash);
  return { namespace: namespace === '.' ? own : namespace, host: text.slice(slash + 1) };
}
