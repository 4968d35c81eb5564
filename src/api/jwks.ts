/**
 * Where the keys of a RequestAuthentication's rule come from when they are not in it. The fetcher writes fetched sets under the source's
 * key and translation looks them up by it. https://istio.io/latest/docs/reference/config/security/request_authentication/#JWTRule
 */

/** The fields of a rule that say where its keys are. */
export interface KeysRule {
  readonly issuer?: string;
  readonly jwks?: string;
  readonly jwksUri?: string;
  /** Protobuf's own spelling of the one above. */
  readonly jwks_uri?: string;
}

export interface KeysSource {
  /** Unique per source. */
  readonly key: string;
  readonly uri: string;
  /** The document at `uri` is OpenID Connect's discovery document, which says where the keys are. */
  readonly isDiscovery: boolean;
}

/** undefined when the rule has its keys with it, or nothing to find them by. */
export function keysSource(rule: KeysRule): KeysSource | undefined {
  if (rule.jwks) return undefined;
  const uri = rule.jwksUri || rule.jwks_uri;
  if (uri) return { key: `keys ${uri}`, uri, isDiscovery: false };
  if (!rule.issuer) return undefined;
  // https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
  const discovery = `${rule.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  return { key: `issuer ${rule.issuer}`, uri: discovery, isDiscovery: true };
}

/** A fetched key set. */
export interface FetchedKeys {
  /** {@link KeysSource.key} */
  readonly source: string;
  /** A JSON web key set of public keys. */
  readonly jwks: string;
}
