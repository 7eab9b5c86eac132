import type { Surroundings } from "../../../mesh/surroundings.ts";
import { type ChainHome, chainInMemory, MinuteKeys } from "../../../relay/sealed/minute-keys.ts";
import type { Random } from "../../../sealing/random.ts";

/** The file of minute keys that the relays of one id share. It outlives them. */
export class RelayChains {
  readonly #homes = new Map<string, ChainHome>();

  keysOf(
    relayId: string,
    { clock, random }: Pick<Surroundings, "clock"> & { readonly random: Random },
  ): MinuteKeys {
    const home = this.#homes.get(relayId) ?? chainInMemory();
    this.#homes.set(relayId, home);
    return new MinuteKeys(home, { nowMs: () => clock.nowMs(), random });
  }
}
