/** One look after another at all Gateways: each that is ours is rendered and written; one that fails is left alone for longer each time. */
import type { Problem } from '../../api/problem.js';
import { type GatewaySettings, type Manifest } from '../../gateways/managed-gateway.js';
import { manifestsOf } from '../../gateways/manifests.js';
import type { InjectionConfig } from '../../injection/inject.js';
import { asError } from '../../kubernetes/api-error.js';
import { BackOff } from '../../kubernetes/back-off.js';
import type { GatewayRow } from '../../model/gateway-api/types.js';
import { hasNewerController } from './controller-version.js';
import type { Wanted, WantedGateways } from './wanted.js';
import type { GatewayWriter } from './write-gateway.js';

export interface GatewayRoundsParts {
  readonly clusterId: string;
  readonly injection: { readonly config: InjectionConfig };
  readonly isOurs: (revision: string) => boolean;
  readonly writer: Pick<GatewayWriter, 'write'>;
  readonly onFailure: () => void;
}

interface Failure {
  readonly backOff: BackOff;
  /** Not before; see `performance.now`. */
  readonly until: number;
  readonly message: string;
  /** What failed: something else is tried at once. */
  readonly wanted: Wanted;
}

const BACK_OFF = { first: 1_000, max: 60_000 };

export class GatewayRounds {
  #failures = new Map<string, Failure>();
  #refused = new Map<string, { readonly gateway: GatewayRow; readonly message: string }>();
  #managed = 0;

  constructor(private readonly parts: GatewayRoundsParts) {}

  /** How many Gateways are ours to run. */
  get managed(): number {
    return this.#managed;
  }

  /** What is wrong, as of the last round. */
  problems(): readonly Problem[] {
    const failed = [...this.#failures.values()].map(({ message, wanted }) => ({ message, gateway: wanted.managed.gateway }));
    return [...this.#refused.values(), ...failed].map(({ gateway, message }) => ({
      severity: 'error',
      code: 'managed-gateway',
      message,
      resource: { kind: 'Gateway', namespace: gateway.metadata.namespace, name: gateway.metadata.name },
    }));
  }

  /** Returns after how many milliseconds something that failed is due again; Infinity for never. */
  async run({ gateways, meshConfig }: WantedGateways, signal: AbortSignal): Promise<number> {
    const ours = new Map([...gateways].filter(([, wanted]) => this.#isOurs(wanted)));
    this.#managed = ours.size;
    this.#refused = new Map();
    for (const key of this.#failures.keys()) if (!ours.has(key)) this.#failures.delete(key);
    const settings = this.#settings(meshConfig);
    for (const [key, wanted] of ours) {
      if (signal.aborted) break;
      const manifests = this.#render(key, wanted, settings);
      if (manifests !== undefined) await this.#write(key, wanted, manifests);
    }
    return Math.max(0, Math.min(...[...this.#failures.values()].map(({ until }) => until)) - performance.now());
  }

  #isOurs({ revision, managed }: Wanted): boolean {
    return this.parts.isOurs(revision) && !hasNewerController(managed.gateway);
  }

  #settings(meshConfig: WantedGateways['meshConfig']): GatewaySettings {
    const { injection, clusterId } = this.parts;
    const { values, revision, compliancePolicy, defaultTemplates, aliases } = injection.config;
    const injected = defaultTemplates.flatMap((name) => aliases[name] ?? [name]);
    return { values, revision, compliancePolicy, clusterId, meshConfig, template: injected.includes('envoy') ? 'envoy-gateway' : 'gateway' };
  }

  #render(key: string, { managed, problem }: Wanted, settings: GatewaySettings): readonly Manifest[] | undefined {
    try {
      if (problem !== undefined) throw new Error(problem);
      return manifestsOf(managed, settings);
    } catch (error) {
      this.#failures.delete(key);
      this.#refused.set(key, { gateway: managed.gateway, message: `nothing new is deployed: ${asError(error).message.split('\n')[0]}` });
      return undefined;
    }
  }

  async #write(key: string, wanted: Wanted, manifests: readonly Manifest[]): Promise<void> {
    const failed = this.#failures.get(key);
    if (failed?.wanted === wanted && performance.now() < failed.until) return;
    try {
      await this.parts.writer.write(manifests);
      this.#failures.delete(key);
    } catch (error) {
      const backOff = failed?.wanted === wanted ? failed.backOff : new BackOff(BACK_OFF);
      this.#failures.set(key, {
        backOff,
        until: performance.now() + backOff.next(),
        message: `not all is deployed: ${asError(error).message}`,
        wanted,
      });
      this.parts.onFailure();
    }
  }
}
