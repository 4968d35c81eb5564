/** The template `sidecar`: a proxy beside the application, for Istio's images. https://istio.io/latest/docs/setup/additional-setup/sidecar-injection/ */
import { labelsOf, type PodSpec, type Texts } from '../pod.js';
import { canonicalLabels, commonAnnotations, firstOf, type Overlay, type TemplateInput, when } from '../template-input.js';
import { initContainer } from './init-container.js';
import { isNativeSidecar, sidecarContainer } from './sidecar-container.js';
import { interceptionAnnotations, interceptionMode } from './traffic.js';
import { imagePullSecrets, proxyVolumes } from './volumes.js';

export function sidecarTemplate(input: TemplateInput): Overlay {
  const isNative = isNativeSidecar(input);
  const proxy = sidecarContainer(input);
  const initContainers = [...when(interceptionMode(input) !== 'NONE', initContainer(input)), ...when(isNative, proxy)];
  const secrets = imagePullSecrets(input);
  const spec: PodSpec = {
    ...(initContainers.length > 0 && { initContainers }),
    ...(!isNative && { containers: [proxy] }),
    volumes: proxyVolumes(input, { socket: 'istio-envoy', credentialSocket: true, revocations: true, userVolumes: true, bareWorkloadCerts: true }),
    ...(secrets.length > 0 && { imagePullSecrets: secrets }),
  };
  return { metadata: { labels: sidecarLabels(input), annotations: sidecarAnnotations(input) }, spec };
}

/** IN-017 */
export function sidecarLabels(input: TemplateInput): Texts {
  const labels = labelsOf(input.pod);
  const { name, revision } = canonicalLabels(input);
  const isTunnelled = input.proxyConfig.proxyMetadata?.['ISTIO_META_ENABLE_HBONE'] === 'true';
  return {
    'security.istio.io/tlsMode': firstOf(labels['security.istio.io/tlsMode'], 'istio'),
    ...(isTunnelled && { 'networking.istio.io/tunnel': firstOf(labels['networking.istio.io/tunnel'], 'http') }),
    'service.istio.io/canonical-name': asLabel(name),
    'service.istio.io/canonical-revision': revision,
  };
}

const sidecarAnnotations = (input: TemplateInput): Texts => ({
  ...commonAnnotations(input),
  ...(input.values.pilot.cni.enabled && interceptionAnnotations(input)),
});

/** What of a name may be a label: 63 characters, none of `-_.` at an end. */
const asLabel = (name: string): string => name.slice(0, 63).replace(/^[-_.]+|[-_.]+$/g, '');
