import type { Surroundings } from "../../mesh/surroundings.ts";
import type { Databases } from "../databases.ts";
import type { Dice } from "../dice.ts";
import type { Links } from "../links.ts";
import type { Programs } from "../programs.ts";
import type { DeviceDisks } from "./device-disks.ts";
import type { WrongClocks } from "./wrong-clocks.ts";

/** Everything that can be harmed. */
export interface Arena extends Pick<Surroundings, "clock"> {
  readonly programs: Programs;
  readonly links: Links;
  readonly databases: Databases;
  readonly devices: DeviceDisks;
  /** Undefined where clocks cannot be put wrong. */
  readonly clocks: WrongClocks | undefined;
  /** Aborted when all faults are to be healed now. */
  readonly healing: AbortSignal;
}

/** One way to do harm. Clocks aside, it heals what it did before it resolves. */
export interface Fault {
  readonly kind: string;
  /** @returns the work, or undefined when there is nothing to harm now. */
  readonly strike: (arena: Arena, dice: Dice) => Strike | undefined;
}

export interface Strike {
  /** "relay-2 for 12 s" */
  readonly what: string;
  readonly work: () => Promise<void>;
}

/** Until the time is over or everything is to be healed. */
export async function pause({ clock, healing }: Arena, durationMs: number): Promise<void> {
  await clock.sleep(durationMs, healing).catch(() => undefined);
}

export function seconds(durationMs: number): string {
  return `${Math.round(durationMs / 1_000)} s`;
}
