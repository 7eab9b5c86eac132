import type { Speaker } from "../mesh/stream/hello.ts";
import type { Surroundings } from "../mesh/surroundings.ts";
import type { Random } from "../sealing/random.ts";

/**
 * The processor or its PIN service among what is around it: what any of its parts may see. Keys and
 * stores are not here: a part is handed those that it works with, and no others.
 */
export interface ProcessorSurroundings extends Surroundings {
  /** What it says of itself on each stream. */
  readonly speaker: Speaker;
  readonly random: Random;
}
