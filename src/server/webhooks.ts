/**
 * The webhooks of a running control plane: what the mesh says about a pod, the settings of injection from their file, a certificate of our CA.
 */
import type { CertificateAuthority } from '../ca/authority.js';
import { ServerCertificate } from '../ca/server-certificate.js';
import type { ApiClient } from '../kubernetes/api-client.js';
import type { Mesh } from '../model/mesh.js';
import type { Logger } from '../telemetry/log.js';
import type { InjectionSource } from '../webhook/inject.js';
import { WebhookMetrics } from '../webhook/metrics.js';
import { knowNativeSidecars } from '../webhook/native-sidecars.js';
import { createWebhookServer } from '../webhook/server.js';
import type { InjectionSettingsFile } from './injection-settings.js';
import type { Address, ServeOptions } from './options.js';
import { keepWebhookConfigurations } from './webhook-configurations.js';

export interface WebhooksParts {
  readonly mesh: Mesh;
  readonly authority: CertificateAuthority;
  readonly options: Pick<ServeOptions, 'revision' | 'nativeSidecars' | 'tlsSan' | 'namespace'>;
  /** Where the configurations of the webhooks are kept right. */
  readonly api: ApiClient | undefined;
  readonly settings: InjectionSettingsFile;
  readonly log: Logger;
  readonly registry: ConstructorParameters<typeof WebhookMetrics>[0];
  readonly isReady: () => boolean;
}

export interface Webhooks {
  readonly address: Address;
  readonly metrics: WebhookMetrics;
  close(): Promise<void>;
}

export async function startWebhooks(at: Address, parts: WebhooksParts): Promise<Webhooks> {
  const { authority, options, api, settings, log, registry, isReady, mesh } = parts;
  const certificate = new ServerCertificate(authority, {
    hosts: options.tlsSan,
    onRotate: (credentials) => server.setCertificate(serving(credentials)),
    onError: (error) => log.error({ err: error }, 'the certificate of the webhooks could not be renewed; trying again'),
  });
  const metrics = new WebhookMetrics(registry);
  const server = createWebhookServer({
    tls: serving(await certificate.current()),
    injection: injectionSource(mesh, settings, options),
    metrics,
    isReady,
    log: ({ webhook, name, decision }) => log.debug({ webhook, name, decision }, 'admission'),
  });
  const address = await server.listen(at);
  const configurations = api && keepWebhookConfigurations({ ...options, api, authority, metrics, log });
  return {
    address,
    metrics,
    async close() {
      configurations?.close();
      certificate.close();
      await server.close();
    },
  };
}

/** The API server shows no certificate, and is asked for none. */
const serving = ({ key, cert }: { key: string; cert: string }): { key: string; cert: string } => ({ key, cert });

function injectionSource(mesh: Mesh, settings: InjectionSettingsFile, { nativeSidecars }: WebhooksParts['options']): InjectionSource {
  return {
    config: () => settings.config,
    meshConfig: () => mesh.config(),
    proxyConfig: ({ namespace, labels, annotations }) => mesh.proxyConfigs.effective({ namespace, labels, metadata: { ANNOTATIONS: annotations } }),
    nativeSidecars: (node) => (nativeSidecars === 'auto' ? knowNativeSidecars(nodeVersions(mesh), node) : nativeSidecars === 'true'),
  };
}

function* nodeVersions(mesh: Mesh): Iterable<{ name: string; kubeletVersion?: string }> {
  for (const { metadata, status } of mesh.rows.of('Node').list().values()) {
    const version = (status as { nodeInfo?: { kubeletVersion?: string } } | undefined)?.nodeInfo?.kubeletVersion;
    yield { name: metadata.name, ...(version !== undefined && { kubeletVersion: version }) };
  }
}
