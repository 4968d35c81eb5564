/**
 * The hosts of a Sidecar's egress listener: `ns/dnsName` with `*`, `.`, `~` and exclusions (SC-003). Pure.
 * https://istio.io/latest/docs/reference/config/networking/sidecar/#IstioEgressListener
 */
import { hostIsWithin, hostsOverlap } from './hosts.js';

interface Selection {
  readonly included: string[];
  readonly excluded: string[];
}

/** Says what one egress listener imports. */
export interface EgressHosts {
  /** The service `hostname` of `namespace` is imported (explicitly or by `*`). */
  readonly importsService: (namespace: string, hostname: string) => boolean;
  /** A VirtualService of `namespace` with these hosts is imported: some host overlaps. */
  readonly importsVirtualService: (namespace: string, hosts: readonly string[]) => boolean;
  /** Everything of every namespace, as without a Sidecar. */
  readonly everything: boolean;
}

/** Parses `hosts` for a Sidecar that holds in `namespace`. Entries without exactly one '/' were refused before and are skipped. */
export function parseEgressHosts(hosts: readonly string[], namespace: string): EgressHosts {
  const byNamespace = new Map<string, Selection>();
  for (const entry of hosts) {
    const slash = entry.indexOf('/');
    if (slash < 0) continue;
    let ns = entry.slice(0, slash);
    const name = entry.slice(slash + 1);
    // `~ns/host` excludes; a bare `~/host` means all namespaces, and `~/*` alone therefore imports nothing.
    const isExcluded = ns.startsWith('~');
    if (isExcluded) ns = ns.slice(1) || '*';
    if (ns === '.') ns = namespace;
    let selection = byNamespace.get(ns);
    if (selection === undefined) byNamespace.set(ns, (selection = { included: [], excluded: [] }));
    (isExcluded ? selection.excluded : selection.included).push(name);
  }
  const wildcard = byNamespace.get('*');
  const isExcluded = (ns: string, host: string): boolean =>
    [byNamespace.get(ns), wildcard].some((selection) => selection?.excluded.some((pattern) => hostIsWithin(host, pattern)) === true);
  const selectionsFor = (ns: string): Selection[] => [byNamespace.get(ns), wildcard].filter((selection) => selection !== undefined);
  return {
    everything: byNamespace.size === 1 && wildcard !== undefined && wildcard.excluded.length === 0 && wildcard.included.includes('*'),
    importsService: (ns, hostname) =>
      !isExcluded(ns, hostname) && selectionsFor(ns).some((selection) => selection.included.some((pattern) => hostIsWithin(hostname, pattern))),
    importsVirtualService: (ns, vsHosts) =>
      selectionsFor(ns).some((selection) =>
        vsHosts.some((host) => selection.included.some((pattern) => hostsOverlap(host, pattern)) && !isExcluded(ns, host)),
      ),
  };
}
