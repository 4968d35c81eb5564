/**
 * SDS resource names of credentials, parsed (envoy-shapes §10): where the Secret or ConfigMap is, and whether only its CA is wanted.
 */

/** Asks for the CA certificate that belongs to a credential. */
export const CA_SUFFIX = '-cacert';

export interface CredentialName {
  /** `kubernetes`: a Secret for proxies of its namespace; `kubernetes-gateway`: one that a Gateway API listener names; `configmap`: a CA, public. */
  readonly type: 'kubernetes' | 'kubernetes-gateway' | 'configmap';
  readonly namespace: string;
  /** With the suffix, when it has one. */
  readonly name: string;
}

/** Undefined for names of other secrets and for malformed ones. A bare name is in the proxy's namespace. */
export function parseCredentialName(resourceName: string, proxyNamespace: string): CredentialName | undefined {
  const [type, path, ...more] = resourceName.split('://');
  if ((type !== 'kubernetes' && type !== 'kubernetes-gateway' && type !== 'configmap') || path === undefined || more.length > 0) return undefined;
  const parts = path.split('/');
  const [first = '', second] = parts;
  if (parts.length > 2 || parts.includes('')) return undefined;
  if (second === undefined) return type === 'kubernetes' ? { type, namespace: proxyNamespace, name: first } : undefined;
  return { type, namespace: first, name: second };
}

/** The SPIFFE id's namespace; undefined for ids of another form. */
export function namespaceOfIdentity(spiffeId: string): string | undefined {
  const [scheme, , trustDomain, ns, namespace, sa, account, ...more] = spiffeId.split('/');
  const wellFormed = scheme === 'spiffe:' && trustDomain !== '' && ns === 'ns' && sa === 'sa' && account !== undefined && more.length === 0;
  return wellFormed ? namespace : undefined;
}
