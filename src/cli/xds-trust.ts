/**
 * How an Envoy proves itself to the control plane, and what it trusts there: texts in the bootstrap, or files that change while it runs.
 * A pod's token and its roots are files: the kubelet renews both, and Envoy must take the new ones without a restart.
 */
import { dirname } from 'node:path';

type Json = Record<string, unknown>;

export type XdsTrust = InlineTrust | FileTrust;

interface InlineTrust {
  readonly rootPem: string;
  readonly token: string;
}

/** Paths of the token and the roots, and of the two files that tell Envoy to watch them ({@link secretFiles}). */
export interface FileTrust {
  readonly rootFile: string;
  readonly tokenFile: string;
  readonly rootSecret: string;
  readonly tokenSecret: string;
}

const EXTENSIONS = 'type.googleapis.com/envoy.extensions';
const SECRET = `${EXTENSIONS}.transport_sockets.tls.v3.Secret`;
const TOKEN = 'xds-token';
const ROOTS = 'xds-roots';

const isFile = (trust: XdsTrust): trust is FileTrust => 'tokenFile' in trust;

/** For the gRPC service: the token, where it never changes. */
export const initialMetadata = (trust: XdsTrust | undefined): Json =>
  trust === undefined || isFile(trust) ? {} : { initial_metadata: [{ key: 'authorization', value: `Bearer ${trust.token}` }] };

/** For the cluster's HTTP options: puts the file's token on each stream that is opened. */
export function credentialFilters(trust: XdsTrust | undefined): Json {
  if (trust === undefined || !isFile(trust)) return {};
  return {
    http_filters: [
      {
        name: 'envoy.filters.http.credential_injector',
        typed_config: {
          '@type': `${EXTENSIONS}.filters.http.credential_injector.v3.CredentialInjector`,
          overwrite: true,
          credential: {
            name: 'envoy.http.injected_credentials.generic',
            typed_config: {
              '@type': `${EXTENSIONS}.http.injected_credentials.generic.v3.Generic`,
              credential: { name: TOKEN, sds_config: watched(trust.tokenSecret) },
              // Envoy 1.36 has no field for what comes before the token; our server takes a token by itself.
              header: 'authorization',
            },
          },
        },
      },
      { name: 'envoy.filters.http.upstream_codec', typed_config: { '@type': `${EXTENSIONS}.filters.http.upstream_codec.v3.UpstreamCodec` } },
    ],
  };
}

/** For the TLS context: the chain must end at our root and the name must be the control plane's. */
export function validationContext(trust: XdsTrust, serverName: string): Json {
  const names = { match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: serverName } }] };
  if (!isFile(trust)) return { validation_context: { trusted_ca: { inline_string: trust.rootPem }, ...names } };
  return {
    combined_validation_context: {
      default_validation_context: names,
      validation_context_sds_secret_config: { name: ROOTS, sds_config: watched(trust.rootSecret) },
    },
  };
}

const watched = (path: string): Json => ({ path_config_source: { path }, resource_api_version: 'V3' });

/** Files to write beside the bootstrap, path → content. */
export function secretFiles({ tokenFile, rootFile, tokenSecret, rootSecret }: FileTrust): Readonly<Record<string, Json>> {
  const roots = { trusted_ca: { filename: rootFile }, watched_directory: { path: dirname(rootFile) } };
  return {
    [tokenSecret]: { resources: [{ '@type': SECRET, name: TOKEN, generic_secret: { secret: { filename: tokenFile } } }] },
    [rootSecret]: { resources: [{ '@type': SECRET, name: ROOTS, validation_context: roots }] },
  };
}
