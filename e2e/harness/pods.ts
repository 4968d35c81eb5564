/**
 * Pods as network namespaces: what Istio's init container sets up in a pod, without containers. A hub namespace holds the control plane; each
 * pod is a namespace with one address, a link to the hub, and iptables rules that send its TCP traffic through ports 15001 and 15006. Envoy runs
 * as uid 1337, which the rules leave alone, applications as 65534. Names carry this process's id; nothing outside them is touched.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { onCleanup } from './cleanup.js';
import { run } from './processes.js';

/** A pod: how to run something in it. */
export interface Pod {
  readonly name: string;
  readonly ip: string;
  /** Prefixes a command so that it runs here as the application's user. */
  readonly asApp: readonly string[];
  /** … as Envoy's user: its connections are not redirected. */
  readonly asEnvoy: readonly string[];
  /** Ends its TCP connections to these addresses at once, at both ends. */
  closeConnections(to: readonly string[]): Promise<void>;
}

/** The pods of one test and the hub between them. */
export interface PodNetwork {
  /** The hub's address, which every pod reaches. */
  readonly hubIp: string;
  /** Prefixes a command so that it runs in the hub. */
  readonly inHub: readonly string[];
  /** `transparent: false` makes a pod without redirection (a client outside the mesh); `nameserver` is where it asks for names. */
  pod(name: string, options?: { transparent?: boolean; nameserver?: string }): Promise<Pod>;
}

/** Why pods can't be had here, or undefined when they can. Installs iproute2 and iptables where apt and root allow it. */
export function podsMissing(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  const missing = [
    ['ip', 'iproute2'],
    ['iptables', 'iptables'],
    ['setpriv', 'util-linux'],
  ].filter(([command]) => !works(`${command} --version || ${command} -V`));
  if (missing.length > 0 && works('command -v apt-get')) {
    spawnSync(
      'sh',
      ['-c', `apt-get update -qq; DEBIAN_FRONTEND=noninteractive apt-get install -y -qq ${missing.map(([, name]) => name).join(' ')}`],
      { timeout: 180_000 },
    );
  }
  const still = missing.filter(([command]) => !works(`${command} --version || ${command} -V`));
  if (still.length > 0) return `needs ${still.map(([, name]) => name).join(', ')}`;
  const probe = `mz${process.pid}probe`;
  if (!works(`ip netns add ${probe}`)) return 'needs the right to make network namespaces';
  const redirects = works(`ip netns exec ${probe} iptables -t nat -A OUTPUT -p tcp -j REDIRECT --to-ports 15001`);
  works(`ip netns del ${probe}`);
  return redirects ? undefined : 'needs iptables with NAT';
}

/** Makes the hub. `net` (1 to 250) keeps two networks of one process apart. */
export async function podNetwork(net = 1): Promise<PodNetwork> {
  const prefix = `mz${process.pid}n${net}`;
  const hub = `${prefix}hub`;
  const hubIp = `10.${net}.255.1`;
  let count = 0;
  await namespace(hub);
  await inside(
    hub,
    `ip link set lo up; ip addr add ${hubIp}/32 dev lo; echo 1 > /proc/sys/net/ipv4/ip_forward; for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $f; done`,
  );
  return {
    hubIp,
    inHub: ['ip', 'netns', 'exec', hub],
    async pod(name, { transparent = true, nameserver } = {}) {
      const n = ++count;
      const space = `${prefix}p${n}`;
      const ip = `10.${net}.${n}.10`;
      const gateway = `10.${net}.${n}.1`;
      const link = `v${n}`;
      await namespace(space);
      if (nameserver !== undefined) resolveWith(space, nameserver);
      await inside(
        hub,
        `ip link add ${link} type veth peer name eth0 netns ${space}; ip addr add ${gateway}/24 dev ${link}; ip link set ${link} up; echo 0 > /proc/sys/net/ipv4/conf/${link}/rp_filter; ip route add ${ip}/32 dev ${link} src ${gateway}`,
      );
      await inside(
        space,
        `ip link set lo up; ip addr add ${ip}/32 dev eth0; ip link set eth0 up; ip route add ${gateway}/32 dev eth0 src ${ip}; ip route add default via ${gateway} src ${ip}` +
          (transparent
            ? // A workload that calls itself through its service: into its own proxy once, and from there (127.0.0.6) straight to the application.
              '; iptables -t nat -A OUTPUT -p tcp -o lo -s 127.0.0.6/32 -j RETURN' +
              '; iptables -t nat -A OUTPUT -p tcp -o lo ! -d 127.0.0.0/8 -m owner --uid-owner 1337 -j REDIRECT --to-ports 15006' +
              '; iptables -t nat -A OUTPUT -p tcp ! -d 127.0.0.0/8 ! -o lo -m owner ! --uid-owner 1337 -j REDIRECT --to-ports 15001' +
              '; iptables -t nat -A PREROUTING -p tcp -m multiport ! --dports 15008,15020,15021,15090,15000 -j REDIRECT --to-ports 15006'
            : ''),
      );
      const as = (uid: number): string[] => ['ip', 'netns', 'exec', space, 'setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
      const closeConnections = (to: readonly string[]): Promise<void> =>
        inside(space, `ss -K -t state established '( ${to.map((address) => `dst ${address}`).join(' or ')} )'`);
      return { name, ip, asApp: as(65534), asEnvoy: as(1337), closeConnections };
    },
  };
}

async function namespace(name: string): Promise<void> {
  await run('ip', ['netns', 'add', name]);
  onCleanup(() => {
    const pids = execFileSync('ip', ['netns', 'pids', name]).toString().split('\n').filter(Boolean).map(Number);
    for (const pid of pids) if (stillIn(pid)) process.kill(pid, 'SIGKILL');
    works(`ip netns del ${name}`);
  });
}

/** `ip netns exec` shows a namespace the resolv.conf that lies under its name. */
function resolveWith(space: string, nameserver: string): void {
  const folder = `/etc/netns/${space}`;
  mkdirSync(folder, { recursive: true });
  onCleanup(() => rmSync(folder, { recursive: true, force: true }));
  const search = 'app.svc.cluster.local svc.cluster.local cluster.local';
  writeFileSync(`${folder}/resolv.conf`, `nameserver ${nameserver}\nsearch ${search}\noptions ndots:5\n`);
}

/** A pid can end between being listed and being killed. */
function stillIn(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').length > 0;
  } catch {
    return false;
  }
}

async function inside(space: string, script: string): Promise<void> {
  await run('ip', ['netns', 'exec', space, 'sh', '-ec', script]);
}

function works(script: string): boolean {
  return spawnSync('sh', ['-c', script], { stdio: 'ignore' }).status === 0;
}
