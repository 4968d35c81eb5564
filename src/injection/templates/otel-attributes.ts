/**
 * OTEL_RESOURCE_ATTRIBUTES, when an OpenTelemetry provider of the mesh asks for the attributes of the semantic conventions.
 * https://opentelemetry.io/docs/specs/semconv/non-normative/k8s-attributes/#service-attributes
 */
import { annotationsOf, labelsOf } from '../pod.js';
import { firstOf, type TemplateInput } from '../template-input.js';

const ANNOTATION = 'resource.opentelemetry.io/';

export function otelResourceAttributes({ meshConfig, pod, owner }: TemplateInput): string {
  const isWanted = meshConfig.extensionProviders.some(
    (provider) =>
      (provider['opentelemetry'] as { serviceAttributeEnrichment?: string } | undefined)?.serviceAttributeEnrichment === 'OTEL_SEMANTIC_CONVENTIONS',
  );
  if (!isWanted) return '';
  const annotations = annotationsOf(pod);
  const containers = pod.spec?.containers ?? [];
  const version = containers.length === 1 ? imageVersion(containers[0]?.image ?? '') : '';
  const instance = containers.length > 0 ? `${owner.namespace}.$(POD_NAME).${containers[0]!.name}` : '';
  const attributes = {
    'service.namespace': firstOf(annotations[`${ANNOTATION}service.namespace`], owner.namespace),
    'service.version': firstOf(annotations[`${ANNOTATION}service.version`], labelsOf(pod)['app.kubernetes.io/version'], version),
    'service.instance.id': firstOf(annotations[`${ANNOTATION}service.instance.id`], instance),
  };
  return Object.entries(attributes)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
}

/** `registry:5000/name:1.2@sha256:…` → `1.2@sha256:…` */
function imageVersion(image: string): string {
  const at = image.indexOf('@');
  const name = at < 0 ? image : image.slice(0, at);
  const digest = at < 0 ? '' : image.slice(at + 1);
  const colon = name.lastIndexOf(':');
  const tag = colon > name.lastIndexOf('/') ? name.slice(colon + 1) : '';
  return [tag, digest].filter((part) => part !== '').join('@');
}
