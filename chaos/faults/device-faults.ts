import type { DeviceName } from "./device-disks.ts";
import { type Arena, type Fault, pause, seconds } from "./fault.ts";

const DEVICES: readonly DeviceName[] = ["reader", "terminal"];
/** From a copy until it is put back: a device goes back by so much, or by more. */
const GONE_ON_MS = { min: 3_000, max: 20_000 } as const;

/** Devices whose memory is older than what they said, or gone. */
export const DEVICE_FAULTS: readonly Fault[] = [
  {
    kind: "device rolled back",
    strike(arena, dice) {
      const device = freeDevice(arena, dice.pick(DEVICES));
      if (device === undefined) return undefined;
      const { programs, devices } = arena;
      const goneOnMs = dice.between(GONE_ON_MS.min, GONE_ON_MS.max);
      const age = dice.fraction();
      return {
        what: `${device} by ${seconds(goneOnMs)} or more`,
        work: () =>
          programs.during(device, async () => {
            await whileStopped(arena, device, () => devices.keep(device));
            await pause(arena, goneOnMs);
            const copies = devices.copiesOf(device);
            const copy = copies[Math.floor(age * copies.length)];
            if (copy === undefined) throw new Error("bug: a copy was kept just now");
            await whileStopped(arena, device, () => devices.putBack(device, copy));
          }),
      };
    },
  },
  {
    kind: "terminal replaced",
    strike(arena) {
      const device = freeDevice(arena, "terminal");
      if (device === undefined) return undefined;
      const { programs, devices } = arena;
      return {
        what: "by one with its keys and an empty journal",
        work: () =>
          programs.during(device, async () => {
            await whileStopped(arena, device, () => {
              // A copy of the old one may turn up again.
              devices.keep(device);
              devices.empty(device);
            });
          }),
      };
    },
  },
];

function freeDevice({ programs }: Arena, device: DeviceName): DeviceName | undefined {
  return programs.isFree(device) ? device : undefined;
}

async function whileStopped(arena: Arena, device: DeviceName, work: () => void): Promise<void> {
  await arena.programs.end(device, "SIGKILL");
  work();
  await arena.programs.revive(device);
}
