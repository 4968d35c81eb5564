/**
 * The types that istioctl asks for on a discovery stream instead of HTTP (XD-024): `istio.io/debug/syncz` and `istio.io/debug/config_dump` with
 * Envoy's own messages, and `istio.io/debug` with a page of /debug by its name. Each question is answered once, as things are at that moment.
 */
import { ClientConfig } from '@envoyproxy/xds-protos/envoy/service/status/v3/csds.js';
import type { Any } from '@envoyproxy/xds-protos/google/protobuf/any.js';
import { toAny } from '../translate/proto.js';
import { encodeBytes } from '../views/encode.js';
import { type EncodedResource, GrpcStatus, Refusal, type ResourceWatch } from '../xds/provider.js';
import type { Caller } from './caller.js';
import { clientConfig } from './client-config.js';
import { visibleTo } from './connection-pages.js';
import type { PageParts } from './page.js';
import type { AskPage } from './pages.js';
import { envoyDump } from './served.js';

const PAGE_TYPE = 'istio.io/debug';
const SYNCZ_TYPE = `${PAGE_TYPE}/syncz`;
const DUMP_TYPE = `${PAGE_TYPE}/config_dump`;

/** Answers the debug types of a stream. */
export class DebugTypes {
  constructor(
    private readonly parts: PageParts,
    private readonly ask: AskPage,
  ) {}

  /** Whether this is a question for here. */
  serves(typeUrl: string): boolean {
    return typeUrl === PAGE_TYPE || typeUrl.startsWith(`${PAGE_TYPE}/`);
  }

  /** The answer, computed at each read. Throws a {@link Refusal} that ends the stream when the caller may not have it. */
  watch(typeUrl: string, names: readonly string[] | undefined, caller: Caller | undefined): ResourceWatch {
    if (caller === undefined) {
      throw new Refusal(GrpcStatus.UNAUTHENTICATED, `${typeUrl}: authentication required; connect over TLS with a credential, or from this machine`);
    }
    const [name, ...more] = names ?? [];
    if (typeUrl !== SYNCZ_TYPE && (name === undefined || more.length > 0)) {
      throw new Refusal(GrpcStatus.INVALID_ARGUMENT, `${typeUrl}: exactly one resource name is needed`);
    }
    const read = this.#reader(typeUrl, name ?? '', caller);
    return { read: () => ({ chunks: [read()] }), close: () => undefined };
  }

  #reader(typeUrl: string, name: string, caller: Caller): () => readonly EncodedResource[] {
    if (typeUrl === SYNCZ_TYPE) return () => this.#syncz(caller);
    if (typeUrl === DUMP_TYPE) return () => this.#dump(name, caller);
    if (typeUrl !== PAGE_TYPE) throw new Refusal(GrpcStatus.INVALID_ARGUMENT, `unknown debug type ${typeUrl}`);
    if (this.ask(name, caller).status === 403) {
      throw new Refusal(GrpcStatus.PERMISSION_DENIED, `${JSON.stringify(name)} is not for workloads of namespace ${caller.namespace}`);
    }
    return () => {
      const { body } = this.ask(name, caller);
      return [encodeBytes(PAGE_TYPE, name, Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)))];
    };
  }

  #syncz(caller: Caller): readonly EncodedResource[] {
    const own = visibleTo(caller, this.parts.connections());
    return unique(own.map((connection) => encodeAny(connection.proxy, toAny(ClientConfig, clientConfig(connection, Date.now())))));
  }

  /** Nothing when no such proxy is connected here: istioctl then asks the next control plane. */
  #dump(name: string, caller: Caller): readonly EncodedResource[] {
    const { mesh, views } = this.parts;
    const proxy = [...mesh.rows.proxies.list().values()].find((one) => `${one.name}.${one.namespace}` === name || one.id === name);
    if (proxy === undefined || (caller.namespace !== undefined && proxy.namespace !== caller.namespace)) return [];
    return envoyDump(views, proxy.key).map((any) => encodeAny(any.typeUrl, any));
  }
}

const encodeAny = (name: string, any: Any): EncodedResource => encodeBytes(any.typeUrl, name, any.value);

/** Two streams of one proxy: names within an answer must differ. */
const unique = (resources: readonly EncodedResource[]): readonly EncodedResource[] =>
  resources.map((resource, i) =>
    resources.findIndex(({ name }) => name === resource.name) < i ? { ...resource, name: `${resource.name}#${i}` } : resource,
  );
