/**
 * Every metric that the server has, declared in this room: istiod's names where they mean the same (section 23 MT), so that its dashboards work,
 * and `mizzen_*` for what only we have. https://istio.io/latest/docs/reference/commands/pilot-discovery/#metrics
 */
import { collectDefaultMetrics, type Registry } from 'prom-client';
import { certificateInstruments } from './certificate-instruments.js';
import { configInstruments } from './config-instruments.js';
import { gatewayInstruments } from './gateway-instruments.js';
import { Instruments } from './instruments.js';
import type { ScrapedState } from './scraped-state.js';
import { declareStateGauges } from './state-gauges.js';
import { type StatusInstruments, statusInstruments } from './status-instruments.js';
import { XdsMetrics } from './xds-metrics.js';

/** All metrics of one server. */
export class Metrics {
  readonly registry: Registry;
  readonly xds: XdsMetrics;
  readonly certificates: ReturnType<typeof certificateInstruments>;
  readonly config: ReturnType<typeof configInstruments>;
  readonly status: StatusInstruments;
  readonly gateways: ReturnType<typeof gatewayInstruments>;
  readonly #make = new Instruments();

  constructor(version: string) {
    const make = this.#make;
    this.registry = make.registry;
    collectDefaultMetrics({ register: this.registry });
    const started = Date.now();
    make.gauge('mizzen_build_info', 'Version of the control plane.', ['version']).set({ version }, 1);
    make.gauge('pilot_info', 'Version of the control plane.', ['version']).set({ version }, 1);
    make.gauge('istio_build', 'Version of the control plane, by component.', ['component', 'tag']).set({ component: 'pilot', tag: version }, 1);
    make.collected('istiod_uptime_seconds', 'Seconds since the start.', [], (gauge) => gauge.set((Date.now() - started) / 1000));
    this.xds = new XdsMetrics(make);
    this.certificates = certificateInstruments(make);
    this.config = configInstruments(make);
    this.status = statusInstruments(make);
    this.gateways = gatewayInstruments(make);
  }

  /** Declares the gauges that are read from the server's state at each scrape. */
  scrape(state: () => ScrapedState): void {
    declareStateGauges(this.#make, state);
  }
}
