/** What a redirect may say beyond Istio's API, for the APIs that rows are derived from. Nobody can write it in YAML: the schema knows no such field. */
export interface HTTPRedirectExtension {
  /** Replaces the prefix that the route matched and keeps the rest of the path. */
  readonly prefixRewrite?: string;
}
