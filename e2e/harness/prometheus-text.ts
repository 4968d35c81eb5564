/** Istio's metrics as an Envoy shows them to Prometheus: text → series. https://prometheus.io/docs/instrumenting/exposition_formats/ */

/** One line of the page. */
export interface Series {
  /** Without Envoy's prefixes. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Name and labels as they stand. */
  readonly key: string;
  readonly value: number;
}

const LINE = /^(?:envoy_)?(?:wasmcustom_)?(istio_\w+?)\{(.*)\} (\S+)$/gm;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** Every series of Istio's on a page of `/stats/prometheus`. */
export const istioSeries = (page: string): Series[] =>
  [...page.matchAll(LINE)].map(([, name = '', labels = '', value = '']) => ({
    name,
    labels: Object.fromEntries([...labels.matchAll(LABEL)].map(([, label = '', text = '']) => [label, text])),
    key: `${name}{${labels}`,
    value: Number(value),
  }));
