/**
 * Volumes of Istio's agent (IN-018): its sockets, its token for the control plane, the mesh's roots, what it should know of its pod.
 * Mounts and volumes stand in the order of the reference.
 */
import { annotationsOf, type Container, type Volume } from '../pod.js';
import { firstOf, type TemplateInput, when } from '../template-input.js';
import { parseMap } from './environment.js';

type Mount = NonNullable<Container['volumeMounts']>[number];

const BOOTSTRAP_OVERRIDE = 'sidecar.istio.io/bootstrapOverride';
const USER_MOUNTS = 'sidecar.istio.io/userVolumeMount';
const USER_VOLUMES = 'sidecar.istio.io/userVolume';

/** What differs between the kinds of proxies. */
export interface VolumeOptions {
  /** The volume where the agent talks with Envoy, or with a gRPC client. */
  readonly socket: 'istio-envoy' | 'istio-xds';
  readonly credentialSocket?: boolean;
  /** Lists of revoked certificates. */
  readonly revocations?: boolean;
  readonly userVolumes?: boolean;
  /** `emptyDir` is left to the API server's default. */
  readonly bareWorkloadCerts?: boolean;
}

const isGke = ({ values }: TemplateInput): boolean => values.global.caName === 'GkeWorkloadCertificate';
const isIstiod = ({ values }: TemplateInput): boolean => values.global.pilotCertProvider === 'istiod';

/** Where the workload's certificates are. */
export const certificateMount = (input: TemplateInput): Mount => ({
  name: isGke(input) ? 'gke-workload-certificate' : 'workload-certs',
  mountPath: '/var/run/secrets/workload-spiffe-credentials',
  ...(isGke(input) && { readOnly: true }),
});

export function proxyMounts(input: TemplateInput, options: VolumeOptions): Mount[] {
  const { socket, credentialSocket = false, revocations = false, userVolumes = false } = options;
  const annotations = annotationsOf(input.pod);
  const { tracing } = input.proxyConfig;
  const lightstep = usesLightstep(input);
  return [
    { name: 'workload-socket', mountPath: '/var/run/secrets/workload-spiffe-uds' },
    ...when(credentialSocket, { name: 'credential-socket', mountPath: '/var/run/secrets/credential-uds' }),
    certificateMount(input),
    ...when(isIstiod(input), { mountPath: '/var/run/secrets/istio', name: 'istiod-ca-cert' }),
    ...when(isIstiod(input) && revocations, { mountPath: '/var/run/secrets/istio/crl', name: 'istio-ca-crl' }),
    { mountPath: '/var/lib/istio/data', name: 'istio-data' },
    ...when(socket === 'istio-envoy' && annotations[BOOTSTRAP_OVERRIDE] !== undefined, {
      mountPath: '/etc/istio/custom-bootstrap',
      name: 'custom-bootstrap-volume',
    }),
    { mountPath: '/etc/istio/proxy', name: socket },
    { mountPath: '/var/run/secrets/tokens', name: 'istio-token' },
    ...when(input.values.global.mountMtlsCerts, { mountPath: '/etc/certs/', name: 'istio-certs', readOnly: true }),
    { name: 'istio-podinfo', mountPath: '/etc/istio/pod' },
    ...when(socket === 'istio-envoy' && userVolumes && lightstep, {
      mountPath: directoryOf(tracing?.tlsSettings?.caCertificates ?? ''),
      name: 'lightstep-certs',
      readOnly: true,
    }),
    ...when(userVolumes, ...(userEntries(input, USER_MOUNTS) as Mount[])),
  ];
}

export function proxyVolumes(input: TemplateInput, options: VolumeOptions): Volume[] {
  const { socket, credentialSocket = false, revocations = false, userVolumes = false, bareWorkloadCerts = false } = options;
  const { values, pod } = input;
  const annotations = annotationsOf(pod);
  const account = firstOf(pod.spec?.serviceAccountName, 'default');
  const emptyDir = bareWorkloadCerts ? {} : { emptyDir: {} };
  return [
    { name: 'workload-socket' },
    ...when(credentialSocket, { name: 'credential-socket', ...emptyDir }),
    isGke(input)
      ? { name: 'gke-workload-certificate', csi: { driver: 'workloadcertificates.security.cloud.google.com' } }
      : { name: 'workload-certs', ...emptyDir },
    ...when(annotations[BOOTSTRAP_OVERRIDE] !== undefined, { name: 'custom-bootstrap-volume', configMap: { name: annotations[BOOTSTRAP_OVERRIDE] } }),
    { name: socket, emptyDir: { medium: 'Memory' } },
    { name: 'istio-data', emptyDir: {} },
    podInfoVolume(),
    tokenVolume(input),
    ...when(isIstiod(input), rootVolume(input)),
    ...when(revocations, { name: 'istio-ca-crl', configMap: { name: firstOf(values.pilot.crlConfigMapName, 'istio-ca-crl'), optional: true } }),
    ...when(values.global.mountMtlsCerts, { name: 'istio-certs', secret: { optional: true, secretName: `istio.${account}` } }),
    ...when(userVolumes, ...userEntries(input, USER_VOLUMES)),
    ...when(userVolumes && usesLightstep(input), { name: 'lightstep-certs', secret: { optional: true, secretName: 'lightstep.cacert' } }),
  ];
}

export const podInfoVolume = (): Volume => ({
  name: 'istio-podinfo',
  downwardAPI: { items: ['labels', 'annotations'].map((path) => ({ path, fieldRef: { fieldPath: `metadata.${path}` } })) },
});

/** The credential for the control plane: a token of the pod's account for one audience. https://kubernetes.io/docs/concepts/storage/projected-volumes/ */
export const tokenVolume = ({ values }: TemplateInput): Volume => ({
  name: 'istio-token',
  projected: { sources: [{ serviceAccountToken: { path: 'istio-token', expirationSeconds: 43200, audience: values.global.sds.token.aud } }] },
});

/** The mesh's roots: a ConfigMap that the control plane keeps in every namespace, or a bundle of the cluster. */
export function rootVolume({ values }: TemplateInput): Volume {
  const { trustBundleName } = values.global;
  if (values.pilot.env['ENABLE_CLUSTER_TRUST_BUNDLE_API'] !== true)
    return { name: 'istiod-ca-cert', configMap: { name: firstOf(trustBundleName, 'istio-ca-root-cert') } };
  const name = `istio.io:istiod-ca:${firstOf(trustBundleName, 'root-cert')}`;
  return { name: 'istiod-ca-cert', projected: { sources: [{ clusterTrustBundle: { name, path: 'root-cert.pem' } }] } };
}

export const imagePullSecrets = ({ values }: TemplateInput): { name: string }[] => (values.global.imagePullSecrets ?? []).map((name) => ({ name }));

const usesLightstep = ({ values, proxyConfig }: TemplateInput): boolean =>
  values.global.proxy.tracer === 'lightstep' && proxyConfig.tracing?.tlsSettings !== undefined;

const directoryOf = (path: string): string => path.slice(0, path.lastIndexOf('/') + 1);

/** Volumes or mounts that an annotation holds as a JSON object, name → the rest. */
function userEntries({ pod }: TemplateInput, annotation: string): Volume[] {
  const json = annotationsOf(pod)[annotation];
  if (json === undefined) return [];
  return Object.entries(parseMap(annotation, json))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, rest]) => ({ name, ...(rest as object) }));
}
