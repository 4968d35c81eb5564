/** WorkloadGroup. https://istio.io/latest/docs/reference/config/networking/workload-group/ */
import type { WorkloadGroup, WorkloadGroupSpec } from '../api/istio.js';
import { each, type Findings } from './findings.js';
import { labelProblems, port } from './names.js';
import { nonNegative } from './values.js';

const COUNTS = ['periodSeconds', 'initialDelaySeconds', 'timeoutSeconds', 'successThreshold', 'failureThreshold'] as const;

export function validateWorkloadGroup(row: WorkloadGroup, findings: Findings): void {
  if (row.spec.template === undefined) return findings.at('template').error('is required');
  const bad = [...labelProblems(row.spec.metadata?.labels)];
  for (const [key, message] of bad) findings.at('metadata', 'labels', key).error(message);
  if (row.spec.probe !== undefined) validateProbe(row.spec.probe, findings.at('probe'));
}

function validateProbe(probe: NonNullable<WorkloadGroupSpec['probe']>, findings: Findings): void {
  for (const field of COUNTS) findings.at(field).check(nonNegative(probe[field]));
  if (probe.httpGet !== undefined) {
    const at = findings.at('httpGet');
    at.at('port').check(port(probe.httpGet.port));
    each(probe.httpGet.httpHeaders, at.at('httpHeaders'), ({ name = '' }, here) => {
      if (!/^[-A-Za-z0-9]+$/.test(name)) here.at('name').error(`'${name}' is no header name`);
    });
  } else if (probe.tcpSocket !== undefined) findings.at('tcpSocket', 'port').check(port(probe.tcpSocket.port));
  else if (probe.exec !== undefined) {
    if ((probe.exec.command ?? []).length === 0) findings.at('exec', 'command').error('must not be empty');
  } else findings.error('httpGet, tcpSocket or exec must be set');
}
