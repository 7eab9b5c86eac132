import { type Elsewhere, REPLACEABLE } from "./elsewhere.ts";
import { type InstanceName, PROGRAM_NAMES, type ProgramName, programOf } from "./mesh-directory.ts";

/** Where the parts of a mesh listen on loopback; 0 takes any free port. */
export type MeshPorts = Readonly<Record<ProgramName | "postgres", number>>;

export const ANY_PORTS: MeshPorts = portsFrom(() => 0);

/** In the order in which people meet them. */
const ORDER: readonly ProgramName[] = ["reader", "terminal", "relay", "processor", "pin-service"];
/** PostgreSQL keeps its usual last digits: 7401 gives 7432. */
const POSTGRES_DISTANCE = 31;

/** `meshPorts(7401)`: reader 7401, terminal 7402 … PostgreSQL 7432; `meshPorts(0)`: any. */
export function meshPorts(base: number): MeshPorts {
  if (base === 0) return ANY_PORTS;
  return portsFrom(
    (name) => base + (name === "postgres" ? POSTGRES_DISTANCE : ORDER.indexOf(name)),
  );
}

function portsFrom(portOf: (name: ProgramName | "postgres") => number): MeshPorts {
  const names = [...PROGRAM_NAMES, "postgres"] as const;
  return Object.fromEntries(names.map((name) => [name, portOf(name)])) as MeshPorts;
}

/** Ports of what somebody else runs are not ours to take: 0 stands for any. */
export function ownPorts<Ports extends MeshPorts>(ports: Ports, elsewhere: Elsewhere): Ports {
  const foreign = REPLACEABLE.filter((name) => elsewhere[name] !== undefined);
  return { ...ports, ...Object.fromEntries(foreign.map((name) => [name, 0])) };
}

/** Whoever a program connects to. */
export type Reached = InstanceName | "postgres";

/** "host:port" where `from` is to reach the one at `address`: a proxy, for instance. */
export type Via = (from: InstanceName, to: Reached, address: string) => Promise<string>;

/** Where the processes of a mesh are, for those that start while others do. */
export class MeshAddresses {
  readonly #names: readonly InstanceName[];
  readonly #ports: MeshPorts;
  readonly #via: Via;
  readonly #elsewhere: Elsewhere;
  /** Settled as the programs start. */
  readonly #started = new Map<InstanceName, PromiseWithResolvers<string>>();

  constructor(options: {
    readonly names: readonly InstanceName[];
    readonly ports: MeshPorts;
    readonly via: Via;
    readonly elsewhere: Elsewhere;
  }) {
    this.#names = options.names;
    this.#ports = options.ports;
    this.#via = options.via;
    this.#elsewhere = options.elsewhere;
    for (const name of options.names) this.#started.set(name, Promise.withResolvers());
  }

  /** 0 takes any. */
  portOf(name: InstanceName): number {
    return programOf(name) === name ? this.#ports[programOf(name)] : 0;
  }

  /** Tells whoever waits for that process where it is. Rejects when it did not start. */
  async settle(name: InstanceName, start: Promise<string>): Promise<void> {
    const { resolve, reject, promise } = this.#waitFor(name);
    start.then(resolve, reject);
    await promise;
  }

  /** Of every process of `program`, by commas, as `from` is to reach them. */
  async of(program: ProgramName, from: InstanceName): Promise<string> {
    const elsewhere: Partial<Record<ProgramName, string>> = this.#elsewhere;
    const address = elsewhere[program];
    if (address !== undefined) return address;
    const names = this.#names.filter((name) => programOf(name) === program);
    const addresses = names.map(async (name) => this.#via(from, name, await this.#addressOf(name)));
    return (await Promise.all(addresses)).join(",");
  }

  async databaseUrl(from: InstanceName, direct: string): Promise<string> {
    const url = new URL(direct);
    url.host = await this.#via(from, "postgres", url.host);
    return url.href;
  }

  /** Known beforehand where the port is given; otherwise once the program has started. */
  async #addressOf(name: InstanceName): Promise<string> {
    const port = this.portOf(name);
    return port === 0 ? await this.#waitFor(name).promise : `127.0.0.1:${port}`;
  }

  #waitFor(name: InstanceName): PromiseWithResolvers<string> {
    const started = this.#started.get(name);
    if (started === undefined) throw new Error(`bug: no ${name} belongs to this mesh`);
    return started;
  }
}
