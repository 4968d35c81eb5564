/**
 * Listeners of a Gateway or ListenerSet as rows of Istio's Gateway kind, one each (GA-007..GA-010). Pure.
 * https://gateway-api.sigs.k8s.io/reference/spec/#listener
 */
import type { Gateway, Server } from '../../api/istio.js';
import type { Finding } from './finding.js';
import { chosenNamespaces, type Namespaces } from './label-selector.js';
import { type ListenerTls, listenerTls, type TlsContext } from './listener-tls.js';
import { internalGatewayName } from './names.js';
import { GATEWAY_GROUP, kindOf } from './references.js';
import type { GatewayRow, Listener, ListenerSetRow, RouteKind } from './types.js';

/** A listener as routes see it. */
export interface RouteParent {
  /** Key of the Gateway row. */
  readonly internalGateway: string;
  readonly section: string;
  readonly port: number;
  readonly protocol: string;
  /** '' for any. */
  readonly hostname: string;
  /** What comes out is a plain byte stream, which one route can have: TCP, or TLS that ends here. */
  readonly isStream: boolean;
  /** Namespaces whose routes may attach; '*' for all. */
  readonly namespaces: readonly string[] | '*';
  readonly kinds: readonly RouteKind[];
}

/** What became of a listener, for its conditions. */
export interface ListenerOutcome {
  readonly name: string;
  /** Kinds of routes that it takes. */
  readonly kinds: readonly RouteKind[];
  /** It names kinds of routes that it can't take. */
  readonly hasOtherKinds: boolean;
  /** Key of the row that routes attach to; undefined for a listener that gave way to another. */
  readonly internalGateway?: string;
  /** The earlier listener that it gives way to. */
  readonly conflict?: Finding;
  /** Its protocol, port or lack of TLS. */
  readonly fault?: Finding;
  /** A Gateway's listener without the TLS that its protocol needs: it says that ListenerSets will bring their own. */
  readonly isPlaceholder?: true;
  /** Certificates or CAs without which it can't be served. */
  readonly references: readonly Finding[];
}

export interface BuiltListener {
  readonly parent: RouteParent;
  /** Undefined for listeners that can't be served. */
  readonly gateway: Gateway | undefined;
}

export interface ListenerContext extends TlsContext {
  readonly namespaces: Namespaces;
  /** For the row's annotations: what is in front of the proxies and who they are. */
  readonly services: readonly string[];
  readonly serviceAccount: string;
  /** Namespace of the Gateway, for listeners of a ListenerSet. */
  readonly gatewayNamespace: string;
}

const PROTOCOLS = ['HTTP', 'HTTPS', 'TLS', 'TCP'];

export function buildListener(
  owner: GatewayRow | ListenerSetRow,
  listener: Listener,
  index: number,
  context: ListenerContext,
): { readonly built: BuiltListener; readonly outcome: ListenerOutcome; readonly findings: readonly Finding[] } {
  const field = `spec.listeners[${index}]`;
  const { name, namespace } = owner.metadata;
  const rowName = internalGatewayName(name, listener.name);
  const namespaces = chosenNamespaces(listener.allowedRoutes?.namespaces ?? {}, namespace, 'Same', context.namespaces);
  const kinds = supportedKinds(listener, field);
  const parent: RouteParent = {
    internalGateway: `${namespace}/${rowName}`,
    section: listener.name,
    port: listener.port ?? 0,
    protocol: listener.protocol,
    hostname: listener.hostname ?? '',
    isStream: listener.protocol === 'TCP' || (listener.protocol === 'TLS' && listener.tls?.mode !== 'Passthrough'),
    namespaces,
    kinds: kinds.kinds,
  };
  const tls = listenerTls(listener, field, context);
  const [fault] = faultsOf(listener, field);
  const isServed = tls.isValid && fault === undefined;
  const isPlaceholder = owner.kind !== 'ListenerSet' && fault?.code === 'invalid';
  const gateway = isServed ? rowOf(owner, rowName, server(listener, namespaces, tls), context) : undefined;
  const outcome: ListenerOutcome = {
    name: listener.name,
    kinds: kinds.kinds,
    hasOtherKinds: kinds.findings.length > 0,
    internalGateway: parent.internalGateway,
    ...(isPlaceholder ? { isPlaceholder } : fault && { fault }),
    references: tls.isValid ? [] : tls.findings.filter(({ reason }) => reason !== undefined),
  };
  return { built: { parent, gateway }, outcome, findings: [...(fault === undefined ? [] : [fault]), ...tls.findings, ...kinds.findings] };
}

/** Of a listener that gave way to `conflict`'s. */
export function conflictedOutcome(listener: Listener, conflict: Finding): ListenerOutcome {
  const { kinds, findings } = supportedKinds(listener, '');
  return { name: listener.name, kinds, hasOtherKinds: findings.length > 0, conflict, references: [] };
}

function faultsOf({ protocol, port, tls }: Listener, field: string): readonly Finding[] {
  const reason = 'UnsupportedProtocol';
  if (!PROTOCOLS.includes(protocol)) {
    const hint = PROTOCOLS.includes(protocol.toUpperCase()) ? ` (${protocol.toUpperCase()} is)` : '';
    return [{ code: 'unsupported', message: `protocol ${protocol} is not supported${hint}`, field: `${field}.protocol`, reason }];
  }
  if (!port) return [{ code: 'unsupported', message: 'a listener needs a port', field, reason }];
  if (tls === undefined && (protocol === 'HTTPS' || protocol === 'TLS'))
    return [{ code: 'invalid', message: `protocol ${protocol} needs the field tls`, field, reason }];
  return [];
}

function server({ protocol, port, hostname }: Listener, namespaces: readonly string[] | '*', { tls }: ListenerTls): Server {
  const host = hostname ?? '*';
  // `~` is nobody's namespace: the listener is there, but no route can have it.
  const from = namespaces === '*' ? ['*'] : namespaces.length === 0 ? ['~'] : namespaces;
  return {
    // Each row has one server, so the name need not tell servers apart; it shows in the names of HTTPS route configurations.
    port: { name: 'default', number: port ?? 0, protocol },
    hosts: from.map((namespace) => `${namespace}/${host}`),
    ...(tls === undefined ? {} : { tls }),
  } as Server;
}

function rowOf(owner: GatewayRow | ListenerSetRow, name: string, only: Server, context: ListenerContext): Gateway {
  const isSet = owner.kind === 'ListenerSet';
  return {
    kind: 'Gateway',
    apiVersion: 'networking.istio.io/v1',
    metadata: {
      name,
      namespace: owner.metadata.namespace,
      labels: {},
      annotations: {
        'internal.istio.io/gateway-semantics': 'gateway',
        'internal.istio.io/gateway-service': context.services.join(','),
        'internal.istio.io/service-account-name': context.serviceAccount,
        'internal.istio.io/parents': `${isSet ? 'ListenerSet' : 'Gateway'}/${owner.metadata.name}/${name.slice(name.lastIndexOf('~') + 1)}.${owner.metadata.namespace}`,
        ...(isSet ? { 'internal.istio.io/parent-namespace': context.gatewayNamespace } : {}),
      },
    },
    spec: { servers: [only] },
    createdAt: owner.createdAt,
    ...(owner.location === undefined ? {} : { location: owner.location }),
  };
}

/** Kinds of routes that a listener takes: those of its protocol, as far as its owner allows them. */
function supportedKinds({ protocol, tls, allowedRoutes }: Listener, field: string): { kinds: readonly RouteKind[]; findings: readonly Finding[] } {
  const supported: RouteKind[] = [];
  if (protocol === 'HTTP' || protocol === 'HTTPS') supported.push('HTTPRoute', 'GRPCRoute');
  if (protocol === 'TCP') supported.push('TCPRoute');
  if (protocol === 'TLS') supported.push('TLSRoute');
  if (protocol === 'TLS' && tls !== undefined && tls.mode !== 'Passthrough') supported.push('TCPRoute');
  const allowed = allowedRoutes?.kinds ?? [];
  if (allowed.length === 0) return { kinds: supported, findings: [] };
  const names = allowed.map((kind) => kindOf(kind, { group: GATEWAY_GROUP, kind: '' }));
  const kinds = supported.filter((kind) => names.includes(`${GATEWAY_GROUP}/${kind}`));
  const extra = names.filter((name) => !kinds.some((kind) => name === `${GATEWAY_GROUP}/${kind}`));
  const findings = extra.map(
    (name): Finding => ({
      code: 'unsupported',
      message: `a listener of protocol ${protocol} takes no ${name.slice(name.indexOf('/') + 1)}`,
      field: `${field}.allowedRoutes.kinds`,
    }),
  );
  return { kinds, findings };
}
