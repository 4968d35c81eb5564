/**
 * Reads the example shop (examples/shop): its workloads are what its own YAML says, so that the demo, docker-compose.yml and the end-to-end tests
 * cannot drift from it. Also places a copy of the YAML on other addresses and ports, as examples/shop/addresses.yaml tells.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments } from 'yaml';

/** The checkout, and the shop's folder in it. */
export const checkout = dirname(dirname(fileURLToPath(import.meta.url)));
export const shopFolder = join(checkout, 'examples', 'shop');

/** The workloads of a mesh folder: `{name, namespace, serviceAccount, ip, labels, type, app, egress}` each, and the outside servers. */
export function readShop(meshFolder = join(shopFolder, 'mesh')) {
  const documents = readdirSync(meshFolder)
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .flatMap((file) => parseAllDocuments(readFileSync(join(meshFolder, file), 'utf8')).map((document) => document.toJS()))
    .filter(Boolean);
  const ofKind = (kind) => documents.filter((document) => document.kind === kind);
  const workloads = ofKind('WorkloadEntry').map(({ metadata, spec }) => {
    const sidecar = ofKind('Sidecar').find((one) => contains(spec.labels, one.spec.workloadSelector?.labels ?? {}));
    const inbound = sidecar?.spec.ingress?.[0];
    const outbound = sidecar?.spec.egress?.find((listener) => listener.bind);
    const [host, port] = (inbound?.defaultEndpoint ?? '').split(':');
    return {
      name: metadata.name,
      namespace: metadata.namespace,
      serviceAccount: spec.serviceAccount,
      ip: spec.address,
      labels: spec.labels,
      type: inbound ? 'sidecar' : 'router',
      app: inbound ? { host, port: Number(port), service: spec.labels.app, version: spec.labels.version } : undefined,
      egress: outbound ? `http://${outbound.bind}:${outbound.port.number}` : undefined,
    };
  });
  const outside = ofKind('ServiceEntry').flatMap(({ metadata, spec }) =>
    (spec.endpoints ?? []).map(({ address }) => ({
      name: metadata.name,
      ip: address,
      port: spec.ports[0].targetPort ?? spec.ports[0].number,
      host: spec.hosts[0],
    })),
  );
  const server = ofKind('Gateway')[0]?.spec.servers[0];
  return { workloads, outside, gateway: server ? { ip: server.bind, port: server.port.number } : undefined };
}

/** What addresses.yaml says: prefixes as `{written, loopback}` and the ports in use. */
export function readAddresses() {
  const { addresses, ports } = parse(readFileSync(join(shopFolder, 'addresses.yaml'), 'utf8'));
  return { addresses, ports: Object.keys(ports).map(Number) };
}

/** Copies the shop's YAML to `target` with other addresses (`[[from prefix, to prefix], …]`) and ports (`Map(from → to)`). */
export function placeShop(target, prefixes, ports) {
  mkdirSync(target, { recursive: true });
  for (const part of ['mesh', 'story', 'mesh-config.yaml']) cpSync(join(shopFolder, part), join(target, part), { recursive: true });
  for (const folder of ['mesh', 'story'])
    for (const file of readdirSync(join(target, folder))) {
      const path = join(target, folder, file);
      writeFileSync(path, replaced(readFileSync(path, 'utf8'), prefixes, ports));
    }
}

function replaced(text, prefixes, ports) {
  let out = text;
  for (const [from, to] of prefixes) out = out.replaceAll(from, to);
  // A port is a number of its own: not a part of another number, nor of an address.
  return out.replace(/(?<![\d.])\d{4,5}(?![\d.])/g, (digits) => String(ports.get(Number(digits)) ?? digits));
}

function contains(labels, wanted) {
  return Object.entries(wanted).every(([key, value]) => labels[key] === value);
}
