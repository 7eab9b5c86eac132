// The attacker, as a process of its own: what it holds and computes is nobody else's.

import { systemClock as clock } from "../../mesh/clock.ts";
import type { AttackDone, AttackOrder } from "./attacker.ts";
import { ATTACKS } from "./attacks.ts";
import { Lines } from "./line.ts";

process.on("message", (order: AttackOrder) => void obey(order));
process.on("disconnect", () => process.exit());
process.send?.("ready");

async function obey({ name, durationMs, ...target }: AttackOrder): Promise<void> {
  const attack = ATTACKS.find((one) => one.name === name);
  if (attack === undefined) throw new Error(`bug: no attack is called ${name}`);
  const over = new AbortController();
  const lasting = clock.sleep(durationMs).then(() => over.abort());
  using lines = new Lines({ ...target, clock, over: over.signal });
  await attack.run(lines);
  const isAllSaid = !over.signal.aborted;
  await lasting;
  const { held, spoils } = lines;
  process.send?.({ held, isAllSaid, spoils: spoils.sent } satisfies AttackDone);
}
