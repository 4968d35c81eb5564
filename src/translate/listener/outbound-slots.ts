/**
 * First step of outbound listeners: which service ports want which address and port ("slot"). Several offers for one slot are merged in
 * outbound-plan.ts. Order matters: earlier offers win. Envoy-shapes §1.2; SD-004, SD-005, SD-064, SD-066, SC-004..SC-006.
 */
import type { EgressListener } from '../../model/mesh.js';
import { isDetected, isHttp, isTcp, type Protocol, parseProtocol } from '../../model/protocol.js';
import type { InterceptionMode } from '../../model/proxy.js';
import type { Port, Service } from '../../model/service.js';
import { type AddressScope, serviceAddresses } from '../../model/service-addresses.js';
import { isUnixSocket, listenerName, localhosts, wildcard, wildcards } from './address.js';

/** One service port that wants a slot. */
export interface Offer {
  readonly service: Service;
  /** What the listener listens for: the service's port, or the one that a Sidecar's egress names. */
  readonly port: Pick<Port, 'name' | 'port' | 'protocol'>;
  /** Original destinations that the offer is limited to: CIDRs of a ServiceEntry. */
  readonly destinations: readonly string[];
  /** Index of the egress listener: its VirtualServices hold for the offer. */
  readonly egress: number;
}

export interface Slot {
  /** Listener name: `bind_port`. */
  readonly name: string;
  /** Never empty. The first is the primary one. */
  readonly binds: readonly string[];
  readonly port: number;
  readonly bindsToPort: boolean;
  /** Binds to the address of a headless service's pod. */
  readonly headless: boolean;
  readonly offers: readonly Offer[];
}

export interface SlotSettings extends AddressScope {
  readonly interceptionMode: InterceptionMode;
  readonly unprivilegedPod: boolean;
  /** virtualOutbound's and virtualInbound's. */
  readonly ownPorts: readonly number[];
}

/** Addresses of a headless service's port, in a stable order. */
export type HeadlessAddresses = (service: Service, port: Port) => readonly string[];

export interface Egress {
  readonly listener: EgressListener;
  readonly services: readonly Service[];
}

/** Ports of the proxy's static listeners: health and Prometheus. */
const STATIC_PORTS = [15021, 15090];

type OpenSlot = { -readonly [K in keyof Slot]: Slot[K] } & { offers: Offer[]; locked: boolean };

export function outboundSlots(egress: readonly Egress[], settings: SlotSettings, headless: HeadlessAddresses): Slot[] {
  const slots = new Map<string, OpenSlot>();
  for (const { listener, services } of egress) {
    const bindsToPort = settings.interceptionMode === 'NONE' || listener.captureMode === 'NONE' || isUnixSocket(listener.bind);
    const binds = listener.bind !== '' ? [listener.bind] : bindsToPort ? localhosts(settings.ipMode) : [];
    const offer = (service: Service, port: Offer['port'], at: readonly string[], isHeadless = false): void => {
      if (service.resolution === 'Alias' || port.protocol === 'UDP') return;
      const place =
        isHttp(port.protocol) || at.length > 0
          ? { binds: at.length > 0 ? at : wildcards(settings.ipMode), destinations: [] }
          : placeOf(service, settings);
      add(slots, { ...place, bindsToPort, headless: isHeadless }, { service, port, destinations: place.destinations, egress: listener.index });
    };
    if (listener.port !== undefined) {
      const port = { name: listener.port.name, port: listener.port.number, protocol: parseProtocol(listener.port.protocol) };
      if (canBind(port, binds[0], bindsToPort, settings)) for (const service of services) offer(service, port, binds);
      continue;
    }
    // The catch-all listener comes last and leaves ports alone that an explicit listener has taken.
    for (const slot of slots.values()) slot.locked = true;
    for (const service of services) {
      for (const port of service.ports) {
        if (!canBind(port, binds[0], bindsToPort, settings)) continue;
        const pods = binds.length === 0 && isPerPod(service, port.protocol, settings) ? headless(service, port) : undefined;
        if (pods === undefined || (pods.length === 0 && service.registry === 'External' && service.selector === undefined))
          offer(service, port, binds);
        else for (const address of pods) offer(service, port, [address], true);
      }
    }
  }
  return [...slots.values()];
}

function add(slots: Map<string, OpenSlot>, { binds, bindsToPort, headless }: Pick<Slot, 'binds' | 'bindsToPort' | 'headless'>, offer: Offer): void {
  const name = listenerName(binds[0] as string, offer.port.port);
  const slot = slots.get(name);
  if (slot === undefined) slots.set(name, { name, binds, port: offer.port.port, bindsToPort, headless, offers: [offer], locked: false });
  // A shared HTTP port does not depend on who else is on it: routes tell its services apart.
  else if (!slot.locked && !(isShared(offer) && slot.offers.some(({ port }) => isHttp(port.protocol)))) slot.offers.push(offer);
}

/** But names that the proxy resolves itself need a filter of their own. */
const isShared = ({ service, port }: Offer): boolean => isHttp(port.protocol) && service.resolution !== 'DynamicDNS';

/** Headless byte streams can only be told apart by the pod's address. */
const isPerPod = (service: Service, protocol: Protocol, settings: SlotSettings): boolean =>
  service.resolution === 'Passthrough' && serviceAddresses(service, settings)[0] === '0.0.0.0' && (isTcp(protocol) || isDetected(protocol));

/** Where a byte stream's listener binds: the VIP; for a CIDR the wildcard, limited to that CIDR. */
function placeOf(service: Service, settings: SlotSettings): { binds: readonly string[]; destinations: readonly string[] } {
  const [first = '', ...more] = serviceAddresses(service, settings);
  if (first.includes('/')) return { binds: wildcards(settings.ipMode), destinations: [first, ...more] };
  if (service.registry === 'External' && first === '0.0.0.0') return { binds: [...wildcards(settings.ipMode), ...more], destinations: [] };
  return { binds: [first, ...more], destinations: [] };
}

function canBind(port: Offer['port'], bind: string | undefined, bindsToPort: boolean, settings: SlotSettings): boolean {
  if (bindsToPort && settings.unprivilegedPod && port.port > 0 && port.port < 1024) return false;
  const onWildcard = bind === undefined ? isHttp(port.protocol) : bind === wildcard(settings.ipMode);
  return !onWildcard || !(STATIC_PORTS.includes(port.port) || settings.ownPorts.includes(port.port));
}
