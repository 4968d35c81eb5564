/**
 * `exportTo` of VirtualService, DestinationRule and ServiceEntry: namespaces, '.' (this one), '*' (all) or, for a ServiceEntry, '~' (none).
 * https://istio.io/latest/docs/reference/config/networking/service-entry/#ServiceEntry-export_to
 */
import { each, type Findings } from './findings.js';
import { isLabel } from './names.js';

export function validateExportTo(
  exportTo: readonly string[] | undefined,
  findings: Findings,
  options: { serviceEntry?: boolean; workloadSelector?: boolean } = {},
): void {
  const seen = new Set<string>();
  const namespace = findings.resource.namespace;
  each(exportTo, findings, (entry, at) => {
    const key = entry === '.' ? namespace : entry;
    if (seen.has(key)) return at.error(`'${entry}' is there twice`);
    if (key === '~' && options.serviceEntry !== true) return at.error("'~' (none) is only allowed for a ServiceEntry");
    if (key !== '*' && key !== '~' && !isLabel(key)) return at.error(`'${entry}' must be '.', '*' or a namespace`);
    seen.add(key);
  });
  const count = (exportTo ?? []).length;
  if (options.workloadSelector === true && seen.size > 0 && (seen.size > 1 || !seen.has(namespace)))
    findings.error('a rule with a workloadSelector may only be exported to its own namespace');
  if (seen.has('*') && count > 1) findings.error("'*' must stand alone");
  if (seen.has('~') && count > 1) findings.error("'~' must stand alone");
}
