/** Images of the proxy and of its init container. https://istio.io/latest/docs/ops/configuration/security/harden-docker-images/ */
import { annotationsOf } from '../pod.js';
import { annotated, type TemplateInput } from '../template-input.js';

const IMAGE = 'sidecar.istio.io/proxyImage';
const TYPE = 'sidecar.istio.io/proxyImageType';
const SUFFIXES = ['-distroless', '-debug'];

/** PC-017: a type of image from ProxyConfig counts for the proxy, the annotation for both. */
export function proxyImage(input: TemplateInput): string {
  const { image } = input.values.global.proxy;
  return imageOf(input, image, (input.proxyConfig['image'] as { imageType?: string } | undefined)?.imageType);
}

export const initImage = (input: TemplateInput): string => imageOf(input, input.values.global.proxy_init.image);

/** A name with a slash is a whole image; any other one is of the hub. */
function imageOf(input: TemplateInput, name: string, type = ''): string {
  const whole = annotated(input, IMAGE, name);
  if (whole.includes('/')) return whole;
  const { hub, tag, variant } = input.values.global;
  const suffix = annotationsOf(input.pod)[TYPE] ?? (type === '' ? variant : type);
  return `${hub}/${name === '' ? 'proxyv2' : name}:${tagOf(String(tag), suffix)}`;
}

function tagOf(tag: string, type: string): string {
  if (type === '') return tag;
  const known = SUFFIXES.find((suffix) => tag.endsWith(suffix));
  const plain = known === undefined ? tag : tag.slice(0, -known.length);
  return type === 'default' ? plain : `${plain}-${type}`;
}
