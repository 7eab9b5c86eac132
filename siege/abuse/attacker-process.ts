// The attacker, as a process of its own: what it holds and computes is nobody else's.

import { systemClock as clock } from "../../mesh/clock.ts";
import type { AttackDone, AttackOrder } from "./attacker.ts";
import { ATTACKS } from "./attacks.ts";
import { Lines } from "./line.ts";

process.on("message", (order: AttackOrder) => void obey(order));
process.on("disconnect", () => process.exit());

async function obey({ name, address, tls, scale, durationMs }: AttackOrder): Promise<void> {
  const attack = ATTACKS.find((one) => one.name === name);
  if (attack === undefined) throw new Error(`bug: no attack is called ${name}`);
  const over = new AbortController();
  const lasting = clock.sleep(durationMs).then(() => over.abort());
  using lines = new Lines({ address, tls, clock, over: over.signal, scale });
  await attack.run(lines);
  const isAllSaid = !over.signal.aborted;
  await lasting;
  process.send?.({ held: lines.held, isAllSaid } satisfies AttackDone);
}
