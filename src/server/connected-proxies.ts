/** What the protocol asks of the mesh: proxies that connect, the identities that they prove, and workloads that register by it. */
import type { Authenticator } from '../ca/authenticators/authenticator.js';
import type { WorkloadCertificates } from '../ca/workload-certificates.js';
import type { DebugTypes } from '../debug/xds-types.js';
import type { ConfigInstruments } from '../telemetry/config-instruments.js';
import type { Logger } from '../telemetry/log.js';
import { Identities } from './identities.js';
import type { MeshInstance } from './mesh-instance.js';
import { MeshProvider } from './mesh-provider.js';
import type { ServeOptions } from './options.js';
import { RegistrationFiles } from './registration-files.js';
import { Registrations } from './registrations.js';
import type { SecretReaders } from './secret-readers.js';

export interface ConnectedProxiesParts extends MeshInstance {
  readonly options: Pick<ServeOptions, 'dataDir' | 'workloadGracePeriod' | 'vhdsThreshold'>;
  readonly log: Logger;
  readonly metrics: ConfigInstruments;
  readonly authenticators: readonly Authenticator[];
  readonly certificates: WorkloadCertificates;
  readonly debugTypes: DebugTypes;
  /** Where a cluster says who may have secrets. */
  readonly secretReaders?: SecretReaders;
}

/** Takes over what had registered before. */
export function connectedProxies(parts: ConnectedProxiesParts): { readonly provider: MeshProvider; close(): void } {
  const { mesh, views, options, log, metrics, authenticators, certificates, debugTypes, secretReaders } = parts;
  const { dataDir, workloadGracePeriod, vhdsThreshold } = options;
  const identities = new Identities(mesh, certificates);
  const files = new RegistrationFiles(dataDir, (error) => log.error({ err: error }, 'a registered workload could not be kept or read'));
  const registrations = new Registrations({ mesh, files, graceMs: workloadGracePeriod, metrics });
  registrations.restore();
  const provider = new MeshProvider({
    mesh,
    views,
    authenticators,
    identities,
    registrations,
    debugTypes,
    ...(secretReaders && { secretReaders }),
    ...(vhdsThreshold !== undefined && { vhdsThreshold }),
    onError: (error) => log.error({ err: error }, 'a proxy could not be connected'),
  });
  return {
    provider,
    close() {
      registrations.close();
      identities.close();
    },
  };
}
