import type { FaultPlan } from "../../mesh/faults.ts";
import type { ReaderKeys, RelayKeys, TerminalKeys, TestKeys } from "../fixtures/keys.ts";
import type { ReaderSigned } from "../fixtures/reader-payment.ts";
import type { StatementWitness } from "./world/connections.ts";
import type { SqlEngine } from "./world/sql-engine.ts";

/** One till with its reader. */
export interface Lane {
  readonly terminal: TerminalKeys;
  readonly reader: ReaderKeys;
}

/** What a simulated mesh stands on: keys, and a database. */
export interface MeshBasis {
  readonly engine: SqlEngine;
  /** The database of the relay that has its own. */
  readonly engineElsewhere: SqlEngine;
  readonly keys: TestKeys;
  /** Its id is its own as well. */
  readonly relayElsewhere: RelayKeys;
  readonly lanes: readonly Lane[];
  /** A till that does not keep to the rules: it signs and submits what it likes. */
  readonly rogue: Lane;
  /** What that till submits. */
  readonly rogueSubmissions: readonly RogueSubmission[];
  /** Whether programs put the test cards into the database when they start. */
  readonly hasTestCards: boolean;
}

export interface RogueSubmission {
  readonly signed: ReaderSigned;
  /** Of the relay that gets it. */
  readonly relay: string;
}

/** What goes wrong in one run, and who looks on. */
export interface MeshTroubles {
  readonly faultPlan: FaultPlan;
  readonly witness: StatementWitness;
}
