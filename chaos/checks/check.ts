import type { Manifest } from "../../sealing/keys/manifest.ts";
import type { History } from "../history.ts";
import type { CardTokens } from "../load/load-cards.ts";
import type { Sighting } from "../sightings.ts";
import type { WatchedRun } from "../watcher.ts";
import type { EndState } from "./end-state.ts";

/** All that is known when a run is over. */
export interface Evidence {
  readonly end: EndState;
  readonly history: History;
  /** By payment id: what was seen in the databases while the run went on, and when in true time. */
  readonly sightings: ReadonlyMap<string, Sighting>;
  readonly watched: WatchedRun;
  /** Of the processor's results. */
  readonly manifest: Manifest;
  readonly tokens: CardTokens;
  /** How often a day, as YYYYMMDD, has begun by the ledger's clock: each time with its limits. */
  readonly timesBegun: (day: number) => number;
}

/** Something that has to hold, and how to find where it does not. */
export interface Check {
  readonly invariant: string;
  /** One line for each violation; nothing when it holds. */
  readonly violations: (evidence: Evidence) => Iterable<string>;
}
