import type { InstanceName } from "../../dev-mesh/mesh-directory.ts";
import type { Dice } from "../dice.ts";
import { CLOCK_FAULTS } from "./clock-faults.ts";
import { DEVICE_FAULTS } from "./device-faults.ts";
import { type Arena, type Fault, pause, type Strike, seconds } from "./fault.ts";

const PROGRAM_DOWN_MS_MAX = 10_000;
const FROZEN_MS = { min: 5_000, max: 60_000 } as const;
const LINK_HARMED_MS = { min: 1_000, max: 45_000 } as const;

export const FAULTS: readonly Fault[] = [
  ends("kill -9", "SIGKILL"),
  ends("SIGTERM", "SIGTERM"),
  { kind: "SIGSTOP", strike: freeze },
  { kind: "kill -9 of PostgreSQL", strike: killPostgres },
  { kind: "database connections ended", strike: endBackends },
  harmsLink("link cut", (arena, name) => arena.links.find(name).cut()),
  harmsLink("link slowed", (arena, name, dice) => {
    const slowness = {
      delayMs: dice.between(50, 3_000),
      bytesPerSecond: dice.between(1_000, 50_000),
    };
    arena.links.find(name).slow(slowness);
  }),
  harmsLink("link half-open", (arena, name) => arena.links.find(name).halfOpen()),
  harmsLink("link one-way", (arena, name) => arena.links.find(name).halfOpen("answers")),
  ...DEVICE_FAULTS,
  ...CLOCK_FAULTS,
];

function ends(kind: string, signal: "SIGKILL" | "SIGTERM"): Fault {
  return {
    kind,
    strike(arena, dice) {
      const name = anyProgram(arena, dice);
      if (name === undefined) return undefined;
      const downMs = dice.between(0, PROGRAM_DOWN_MS_MAX);
      return program(arena, name, downMs, async () => {
        await arena.programs.end(name, signal);
        await pause(arena, downMs);
        await arena.programs.revive(name);
      });
    },
  };
}

/** A process that stands still and then goes on as if nothing had happened: a zombie. */
function freeze(arena: Arena, dice: Dice): Strike | undefined {
  const name = anyProgram(arena, dice);
  if (name === undefined) return undefined;
  const frozenMs = dice.between(FROZEN_MS.min, FROZEN_MS.max);
  return program(arena, name, frozenMs, async () => {
    arena.programs.signal(name, "SIGSTOP");
    await pause(arena, frozenMs);
    arena.programs.signal(name, "SIGCONT");
  });
}

function killPostgres(arena: Arena, dice: Dice): Strike | undefined {
  const { programs } = arena;
  if (!programs.isFree("postgres")) return undefined;
  const downMs = dice.between(0, PROGRAM_DOWN_MS_MAX);
  return program(arena, "postgres", downMs, async () => {
    await programs.killPostgres();
    await pause(arena, downMs);
    await programs.restartPostgres();
  });
}

/** In the middle of whatever they do: nobody knows then whether a COMMIT happened. */
function endBackends(arena: Arena, dice: Dice): Strike | undefined {
  const { programs, databases } = arena;
  if (!programs.isFree("postgres")) return undefined;
  const database = dice.pick(["relay", "processor"] as const);
  return program(arena, "postgres", 0, () => databases.endConnections(database), database);
}

function harmsLink(kind: string, harm: (arena: Arena, name: string, dice: Dice) => void): Fault {
  return {
    kind,
    strike(arena, dice) {
      const name = dice.pick(arena.links.names);
      const harmedMs = dice.between(LINK_HARMED_MS.min, LINK_HARMED_MS.max);
      return {
        what: `${name} for ${seconds(harmedMs)}`,
        async work() {
          harm(arena, name, dice);
          await pause(arena, harmedMs);
          arena.links.find(name).heal();
        },
      };
    },
  };
}

function anyProgram({ programs }: Arena, dice: Dice): InstanceName | undefined {
  return programs.free.length === 0 ? undefined : dice.pick(programs.free);
}

function program(
  { programs }: Arena,
  name: InstanceName | "postgres",
  durationMs: number,
  work: () => Promise<void>,
  called: string = name,
): Strike {
  return {
    what: `${called} for ${seconds(durationMs)}`,
    work: () => programs.during(name, work),
  };
}
