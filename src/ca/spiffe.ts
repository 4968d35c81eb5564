/**
 * Workload identity as a SPIFFE ID in Istio's layout, `spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/SERVICE-ACCOUNT`.
 * Follows the SPIFFE-ID standard (sections 2.1 and 2.2): lower case trust domain, plain path segments, no query, port, escape or dot segment.
 */

/** Who a workload is: exactly one service account in one namespace of one trust domain. */
export interface WorkloadIdentity {
  readonly trustDomain: string;
  readonly namespace: string;
  readonly serviceAccount: string;
}

const scheme = 'spiffe://';
const maxLength = 2048;
const maxTrustDomainLength = 255;
const trustDomainPattern = /^[a-z0-9._-]+$/;
const segmentPattern = /^[a-zA-Z0-9._-]+$/;

/** Whether the text can be a trust domain. */
export function isTrustDomain(text: string): boolean {
  return text.length <= maxTrustDomainLength && trustDomainPattern.test(text);
}

/** The identity as URI; throws a RangeError that names the bad part, so that no certificate can carry a URI that we would not parse again. */
export function formatSpiffeId(identity: WorkloadIdentity): string {
  const { trustDomain, namespace, serviceAccount } = identity;
  if (!isTrustDomain(trustDomain)) throw new RangeError(`not a SPIFFE trust domain: ${JSON.stringify(trustDomain)}`);
  if (!isSegment(namespace)) throw new RangeError(`not a SPIFFE path segment, namespace: ${JSON.stringify(namespace)}`);
  if (!isSegment(serviceAccount)) throw new RangeError(`not a SPIFFE path segment, service account: ${JSON.stringify(serviceAccount)}`);
  const id = `${scheme}${trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
  if (id.length > maxLength) throw new RangeError(`SPIFFE ID is longer than ${maxLength} bytes`);
  return id;
}

/** The identity that a URI names, or undefined if it is anything but an exact workload id of Istio's layout. */
export function parseSpiffeId(uri: string): WorkloadIdentity | undefined {
  if (uri.length > maxLength || !uri.startsWith(scheme)) return undefined;
  const parts = uri.slice(scheme.length).split('/');
  const [trustDomain, ns, namespace, sa, serviceAccount] = parts;
  if (parts.length !== 5 || ns !== 'ns' || sa !== 'sa') return undefined;
  if (trustDomain === undefined || namespace === undefined || serviceAccount === undefined) return undefined;
  if (!isTrustDomain(trustDomain) || !isSegment(namespace) || !isSegment(serviceAccount)) return undefined;
  return { trustDomain, namespace, serviceAccount };
}

/** Whether both name the same workload. */
export function isSameIdentity(a: WorkloadIdentity, b: WorkloadIdentity): boolean {
  return a.trustDomain === b.trustDomain && a.namespace === b.namespace && a.serviceAccount === b.serviceAccount;
}

function isSegment(text: string): boolean {
  return segmentPattern.test(text) && text !== '.' && text !== '..';
}
