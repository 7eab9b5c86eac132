import { PROGRAM_NAMES, type ProgramName } from "./mesh-directory.ts";

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
