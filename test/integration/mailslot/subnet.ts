// Several computers on one subnet: network namespaces whose veth pairs meet in a bridge, made by the test and taken down
// after it. Where the system does not permit that, addresses of the loopback stand for them, and a line says so.
import { spawnSync } from 'node:child_process';

export interface Place {
  readonly name: string;
  readonly address: string;
  /** Only in namespaces where IPv6 works. */
  readonly address6?: string;
  /** What a command line begins with to run there. */
  readonly under: readonly string[];
}

export interface Subnet extends AsyncDisposable {
  /** `undefined` where computers are addresses of the loopback. */
  readonly broadcast?: string;
  place(name: string): Place;
  /** The cable of that computer; only in namespaces. */
  plug(name: string, plugged: boolean): void;
}

const attempt = (line: string): boolean => {
  const [command = '', ...args] = line.split(' ');
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
};

const run = (line: string): void => {
  const [command = '', ...args] = line.split(' ');
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${line}: ${stderr || String(error)}`);
};

let count = 0;
const nameOf = (what: string): string => `mailslot-${process.pid}-${count}-${what}`;

/** Whether computers can be namespaces here. CI=true does not require it, since a sandbox may forbid it. */
export function hasNamespaces(whatIsNotShown: string): boolean {
  const probe = nameOf('probe');
  const found = attempt(`ip netns add ${probe}`) && attempt(`ip -n ${probe} link add veth0 type veth peer name veth1`);
  attempt(`ip netns del ${probe}`);
  if (!found) process.stderr.write(`network namespaces are not permitted here: ${whatIsNotShown}\n`);
  return found;
}

/** Computers are 10.77.0.1, 10.77.0.2, … in the order of the names. */
export function namespaces(names: readonly string[]): Subnet {
  count += 1;
  const bridge = nameOf('bridge');
  const spaces = [bridge, ...names.map(nameOf)];
  const remove = () => void spaces.map((space) => attempt(`ip netns del ${space}`));
  process.once('exit', remove);
  run(`ip netns add ${bridge}`);
  run(`ip -n ${bridge} link add br0 type bridge`);
  run(`ip -n ${bridge} link set br0 up`);
  const places = names.map((name, index) => connected(bridge, name, index + 1));
  return {
    broadcast: '10.77.0.255',
    place: (name) => places.find((one) => one.name === name) as Place,
    plug: (name, plugged) => run(`ip -n ${bridge} link set to-${name} ${plugged ? 'up' : 'down'}`),
    [Symbol.asyncDispose]: async () => {
      process.off('exit', remove);
      remove();
    },
  };
}

function connected(bridge: string, name: string, number: number): Place {
  const space = nameOf(name);
  const [address, address6] = [`10.77.0.${number}`, `fd77::${number}`];
  run(`ip netns add ${space}`);
  run(`ip -n ${space} link add eth0 type veth peer name to-${name} netns ${bridge}`);
  run(`ip -n ${space} addr add ${address}/24 broadcast 10.77.0.255 dev eth0`);
  const hasIpv6 = attempt(`ip -n ${space} -6 addr add ${address6}/64 dev eth0 nodad`);
  for (const line of [`ip -n ${space} link set lo up`, `ip -n ${space} link set eth0 up`]) run(line);
  for (const line of [`ip -n ${bridge} link set to-${name} master br0`, `ip -n ${bridge} link set to-${name} up`]) run(line);
  // Multicast leaves by the only cable.
  run(`ip -n ${space} route add 239.255.0.0/16 dev eth0`);
  return { name, address, ...(hasIpv6 && { address6 }), under: ['ip', 'netns', 'exec', space] };
}

/** Computers are 127.0.0.2, 127.0.0.3, … */
export function loopbackAddresses(names: readonly string[]): Subnet {
  return {
    place: (name) => ({ name, address: `127.0.0.${names.indexOf(name) + 2}`, under: [] }),
    plug: () => {
      throw new Error('an address of the loopback has no cable');
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}
