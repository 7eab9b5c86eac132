import { binaryArray } from "../../prisma/binary-array.ts";
import type { HotDatabase } from "../../prisma/hot-database.ts";
import type { MinuteKeys } from "./minute-keys.ts";
import { SLOTS, slotOf } from "./storage-boxes.ts";

/** Clocks of relays may differ by so much. */
const APART_MINUTES = 1;

const EMPTY_SLOTS = {
  name: "empty_sealed_slots",
  text: `
    SELECT count(*) FILTER (WHERE is_empty)::int AS emptied
    FROM unnest($1::int[]) AS old(slot)
    CROSS JOIN LATERAL empty_sealed_slot(old.slot, $2::int) AS is_empty`,
};

/** The tables of sealed data, which take turns, and the keys of what is in them. */
export class SealedStore {
  readonly #database: HotDatabase;
  readonly #keys: MinuteKeys;

  constructor(database: HotDatabase, keys: MinuteKeys) {
    this.#database = database;
    this.#keys = keys;
  }

  /**
   * Forgets keys that are over, and empties what is not written to in this minute; the payments in
   * it that are open still move on.
   *
   * @returns how many tables are empty now. One that somebody reads at this moment stays for later.
   * @throws Error when the keys' home cannot be read or written.
   */
  async forget(): Promise<number> {
    this.#keys.forget();
    const { minute } = this.#keys.present;
    const used = [-APART_MINUTES, 0, APART_MINUTES].map((apart) => slotOf(minute + apart));
    const old = Array.from({ length: SLOTS }, (_, slot) => slot).filter(
      (slot) => !used.includes(slot),
    );
    const values = [binaryArray("int", old), slotOf(minute)];
    const [row] = await this.#database.run<{ readonly emptied: number }>(EMPTY_SLOTS, values);
    return row?.emptied ?? 0;
  }
}
