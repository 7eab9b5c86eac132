import type { HotDatabase, Statement } from "../prisma/hot-database.ts";
import {
  type AuditDetails,
  type AuditEntry,
  type AuditStep,
  detailsDigest,
} from "./audit-entry.ts";

/** How long an act waits for its second operator. */
export const PROPOSAL_MS = 3_600_000;

const PAGE_ENTRIES = 500;

interface Statements {
  readonly append: Statement;
  readonly page: Statement;
  readonly proposal: Statement;
}

/** The operators' log of a database. Its entries are only ever added. */
export class AuditLog {
  readonly #database: Pick<HotDatabase, "run">;
  readonly #statements: Statements;

  /** @param schema where its table is, unless the search path has it. */
  constructor(database: Pick<HotDatabase, "run">, schema?: "processor") {
    this.#database = database;
    this.#statements = statementsOf(schema);
  }

  /**
   * Puts an entry at the end.
   *
   * @returns its sequence; undefined when another entry has carried on `ofSequence` already.
   * @throws as HotDatabase.run
   */
  async append(details: AuditDetails): Promise<AuditPlace | undefined> {
    const { atMs, program, actor, address, method, subject, step, ofSequence, outcome } = details;
    const values = [
      ...[new Date(atMs), program, actor, address, method, subject],
      ...[details.requestDigest, step, ofSequence === 0n ? null : ofSequence, outcome],
      detailsDigest(details),
    ];
    const [row] = await this.#database.run<PlaceRow>(this.#statements.append, values);
    return row === undefined ? undefined : { sequence: BigInt(row.sequence), hash: row.hash };
  }

  /**
   * The newest proposal that waits for somebody to ask for the same.
   *
   * @param asked `sinceMs` in Unix milliseconds: older ones count no more.
   * @throws as HotDatabase.run
   */
  async openProposal(asked: {
    readonly method: string;
    readonly requestDigest: Uint8Array;
    readonly sinceMs: number;
  }): Promise<Proposal | undefined> {
    const { method, requestDigest, sinceMs } = asked;
    const values = [method, requestDigest, new Date(sinceMs)];
    const [row] = await this.#database.run<ProposalRow>(this.#statements.proposal, values);
    return row === undefined ? undefined : { sequence: BigInt(row.sequence), actor: row.actor };
  }

  /** Pages of entries after `sequence`, oldest first. @throws as HotDatabase.run */
  async *pages(sequence: bigint): AsyncGenerator<readonly AuditEntry[]> {
    for (let after = sequence; ; ) {
      const rows = await this.#database.run<EntryRow>(this.#statements.page, [after, PAGE_ENTRIES]);
      const entries = rows.map(entryOf);
      const last = entries.at(-1);
      if (last === undefined) return;
      yield entries;
      after = last.sequence;
    }
  }
}

export interface AuditPlace {
  readonly sequence: bigint;
  readonly hash: Uint8Array;
}

/** An act that one operator asked for. */
interface Proposal {
  readonly sequence: bigint;
  readonly actor: string;
}

interface PlaceRow {
  readonly sequence: string;
  readonly hash: Uint8Array;
}

interface ProposalRow {
  readonly sequence: string;
  readonly actor: string;
}

/** int8 as text: the programs' connections read it in different ways. */
interface EntryRow {
  readonly sequence: string;
  readonly at_ms: string;
  readonly program: string;
  readonly actor: string;
  readonly address: string;
  readonly method: string;
  readonly subject: string;
  readonly request_digest: Uint8Array;
  readonly step: AuditStep;
  readonly of_sequence: string;
  readonly outcome: string;
  readonly previous_hash: Uint8Array;
  readonly hash: Uint8Array;
}

function entryOf(row: EntryRow): AuditEntry {
  const { program, actor, address, method, subject, step, outcome, hash } = row;
  return {
    ...{ program, actor, address, method, subject, step, outcome, hash },
    sequence: BigInt(row.sequence),
    atMs: Number(row.at_ms),
    requestDigest: row.request_digest,
    ofSequence: BigInt(row.of_sequence),
    previousHash: row.previous_hash,
  };
}

function statementsOf(schema: string | undefined): Statements {
  const inSchema = schema === undefined ? "" : `"${schema}".`;
  const owner = schema ?? "relay";
  const table = `${inSchema}"audit_entry"`;
  return {
    append: {
      name: `${owner}.audit.append`,
      text: `SELECT "sequence"::text, "hash" FROM ${inSchema}"append_audit_entry"(
        $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    },
    page: {
      name: `${owner}.audit.page`,
      text: `SELECT "sequence"::text, (extract(epoch FROM "at") * 1000)::bigint::text AS "at_ms",
        "program", "actor", "address", "method", "subject", "request_digest", "step",
        coalesce("of_sequence", 0)::text AS "of_sequence", "outcome", "previous_hash", "hash"
        FROM ${table} AS "entry" WHERE "entry"."sequence" > $1
        ORDER BY "entry"."sequence" LIMIT $2`,
    },
    proposal: {
      name: `${owner}.audit.proposal`,
      text: `SELECT "sequence"::text, "actor" FROM ${table} AS "proposed"
        WHERE "request_digest" = $2 AND "method" = $1 AND "step" = 'PROPOSED' AND "at" >= $3
        AND NOT EXISTS (SELECT 1 FROM ${table} AS "next"
          WHERE "next"."of_sequence" = "proposed"."sequence")
        ORDER BY "proposed"."sequence" DESC LIMIT 1`,
    },
  };
}
