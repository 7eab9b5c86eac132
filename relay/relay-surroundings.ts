import type { Surroundings } from "../mesh/surroundings.ts";
import type { RelayId } from "../payment/identifiers.ts";
import type { Random } from "../sealing/random.ts";

/**
 * One relay among what is around it: what any of its parts may see. Keys and stores are not here: a
 * part is handed those that it works with, and no others.
 */
export interface RelaySurroundings extends Surroundings {
  readonly relayId: RelayId;
  /** "relay/0.1.0" */
  readonly program: string;
  /** Unique among the relays of one database; a relay that starts again keeps its own. */
  readonly instance: string;
  readonly random: Random;
  /** From 0 up to 1. */
  readonly jitter: () => number;
  /** From Recorded until the relay gives up and reverses, in milliseconds. */
  readonly deadlineMs: number;
  /** Aborted when the relay stops. */
  readonly stopping: AbortSignal;
}
