/** The file with the settings of injection (`--inject-config`), followed while we run: for the webhook, and for what is deployed for Gateways. */
import { readFileSync } from 'node:fs';
import { messageOf } from '../ca/errors.js';
import type { InjectionConfig } from '../injection/inject.js';
import { readInjectionConfig } from '../injection/settings.js';

/** Read again every few seconds: notices of file systems miss what a mounted ConfigMap does. */
const EVERY_MS = 5_000;

export class InjectionSettingsFile {
  #text = '';
  #told = '';
  #config: InjectionConfig;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #listeners = new Set<() => void>();

  /** @throws Error when the file is bad from the beginning */
  constructor(
    private readonly options: { readonly injectConfig: string | undefined; readonly revision: string },
    private readonly onError: (error: unknown) => void,
  ) {
    const { injectConfig, revision } = options;
    try {
      this.#text = injectConfig === undefined ? '' : readFileSync(injectConfig, 'utf8');
      this.#config = readInjectionConfig(this.#text, { revision });
    } catch (error) {
      throw new Error(`${injectConfig}: ${messageOf(error)}`);
    }
    if (injectConfig !== undefined) this.#timer = setInterval(() => this.reload(), EVERY_MS).unref();
  }

  /** What injection goes by now, as far as it can be told: built-in templates are functions. */
  told(): unknown {
    return { ...this.#config, templates: Object.keys(this.#config.templates).sort() };
  }

  get config(): InjectionConfig {
    return this.#config;
  }

  /** Takes the file when it changed and is good; says once what is wrong with it. */
  reload(): void {
    const { injectConfig, revision } = this.options;
    if (injectConfig === undefined) return;
    try {
      const text = readFileSync(injectConfig, 'utf8');
      if (text === this.#text) return;
      this.#config = readInjectionConfig(text, { revision });
      this.#text = text;
      this.#told = '';
      for (const listener of this.#listeners) listener();
    } catch (error) {
      const message = messageOf(error);
      if (message === this.#told) return;
      this.#told = message;
      this.onError(error);
    }
  }

  /** Calls back after each change. Returns how to stop that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
