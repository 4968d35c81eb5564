/** Who signs, who may ask for it, and what workloads were given: the certificate authority of a running control plane. */
import type { Authenticator } from '../ca/authenticators/authenticator.js';
import { ClientCertificateAuthenticator } from '../ca/authenticators/client-certificate.js';
import { JoinTokenAuthenticator } from '../ca/authenticators/join-token.js';
import type { CertificateAuthority } from '../ca/authority.js';
import { JoinTokenVerifier } from '../ca/join-token.js';
import { loadOrCreateJoinTokenKey } from '../ca/join-token-key.js';
import { Revocations } from '../ca/revocations.js';
import { SignerReload } from '../ca/signer-reload.js';
import { WorkloadCertificates } from '../ca/workload-certificates.js';
import { MESH_ROOTS, type Mesh } from '../model/mesh.js';
import type { certificateInstruments } from '../telemetry/certificate-instruments.js';
import type { Logger } from '../telemetry/log.js';
import type { KubernetesSide } from './kubernetes-side.js';
import { oidcVerifiers } from './oidc.js';
import type { ServeOptions } from './options.js';
import { loadSigner, openAuthority, writeTrustNote } from './trust.js';

export interface SigningParts {
  readonly options: ServeOptions;
  readonly log: Logger;
  /** Where the signer is a Secret, and accounts have tokens. */
  readonly kubernetes: KubernetesSide | undefined;
}

/** Signs, follows its files or Secrets until it is closed, and keeps the note of its roots for `bootstrap` true. */
export async function runAuthority(
  { options, log, kubernetes }: SigningParts,
  trustDomain: string,
): Promise<{ readonly authority: CertificateAuthority; close(): void }> {
  const trust = { ...options, cluster: kubernetes?.signer, trustDomain, isKeeper: true };
  const authority = await openAuthority(trust);
  const note = (): void => writeTrustNote(options.dataDir, { trustDomain, rootPem: authority.rootPem });
  note();
  const reload = new SignerReload({
    authority,
    load: () => loadSigner(trust),
    everyMs: options.caReload,
    onReplaced: ({ certificate, roots }) => {
      note();
      log.info({ signer: certificate.subject, roots: roots.length }, 'the certificate authority was replaced');
    },
    onError: (error) => log.error({ err: error }, 'the certificate authority could not be read again; the last good one stays'),
  });
  return { authority, close: () => reload.close() };
}

/** Who may join: those with a certificate of ours, with a join token, or with a token of an issuer or a cluster that we trust. */
export async function openAuthenticators({ options, kubernetes }: SigningParts, authority: CertificateAuthority): Promise<readonly Authenticator[]> {
  const { dataDir, oidcIssuer, oidcAudience } = options;
  const issuers = oidcVerifiers(oidcIssuer, oidcAudience, authority.trustDomain);
  const key = await loadOrCreateJoinTokenKey(dataDir);
  const verifier = new JoinTokenVerifier({ key, trustDomain: authority.trustDomain, revocations: new Revocations(dataDir) });
  return [
    new ClientCertificateAuthenticator(authority),
    new JoinTokenAuthenticator(verifier, issuers, kubernetes?.tokenReviews(authority.trustDomain)),
  ];
}

/** Certificates that proxies get by SDS, counted. */
export function workloadCertificates(
  { options, log }: Pick<SigningParts, 'options' | 'log'>,
  authority: CertificateAuthority,
  counts: ReturnType<typeof certificateInstruments>,
): WorkloadCertificates {
  const certificates = new WorkloadCertificates(authority, {
    ttlMs: options.workloadCertTtl,
    keyType: options.workloadKeyType,
    onError(identity, error) {
      counts.secretErrors.inc();
      log.error({ identity, err: error }, 'no certificate could be made; trying again');
    },
  });
  certificates.onChange(() => counts.certificates.inc());
  return certificates;
}

/** Lets everybody in the mesh know whom to trust, now and after each change; returns what ends that. */
export function publishRoots({ graph, rows }: Mesh, authority: CertificateAuthority): () => void {
  const publish = (): void => graph.transaction(() => rows.roots.set({ id: MESH_ROOTS, rootPem: authority.rootPem }));
  publish();
  return authority.onSignerChange(publish);
}
