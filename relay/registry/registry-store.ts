import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type SignedEnvelope, SignedEnvelopeSchema } from "../../gen/cardlane/keys/v1/keys_pb.ts";
import {
  DeviceState,
  type RegisteredReader,
  RegisteredReaderSchema,
  type RegisteredTerminal,
  RegisteredTerminalSchema,
} from "../../gen/cardlane/relay/v1/relay_pb.ts";
import type { DeviceStateName } from "../../payment/device-state.ts";
import {
  type MerchantId,
  type ReaderSerial,
  type TerminalKey,
  terminalName,
} from "../../payment/identifiers.ts";
import type { Statement } from "../../prisma/hot-database.ts";
import type { Prisma } from "../../prisma/relay/client/client.ts";
import { RowParameters } from "../../prisma/row-parameters.ts";
import { unlessRetired } from "../../prisma/stays-retired.ts";
import type {
  CheckedReaderCertificate,
  CheckedTerminalCertificate,
} from "../../sealing/keys/certificates.ts";
import type { Database } from "../database.ts";

/** A reader as it is registered; its certificate is verified again by whoever relies on it. */
export interface ReaderRow {
  readonly serial: ReaderSerial;
  readonly merchantId: MerchantId;
  readonly state: DeviceStateName;
  readonly certificate: SignedEnvelope;
}

export interface TerminalRow extends TerminalKey {
  readonly state: DeviceStateName;
  readonly currencies: readonly number[];
  readonly certificate: SignedEnvelope;
}

/** `state` is undefined where the device keeps the one that it has. */
export type ReaderToRegister = Omit<ReaderRow, "state"> & AskedState<CheckedReaderCertificate>;

export type TerminalToRegister = Omit<TerminalRow, "state"> &
  AskedState<CheckedTerminalCertificate>;

interface AskedState<Checked> {
  readonly state: DeviceStateName | undefined;
  readonly checked: Checked;
}

/** Which readers and terminals this relay serves. */
export class RegistryStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Another number after each change of a reader or terminal, whoever made it. */
  async revision(): Promise<bigint> {
    const [row] = await this.#database.run<{ readonly revision: string }>(REVISION, []);
    return BigInt(row?.revision ?? 0);
  }

  async findReaders(serials: readonly ReaderSerial[]): Promise<readonly ReaderRow[]> {
    const rows = await this.#database.run<ReaderFoundRow>(FIND_READERS, [serials]);
    return rows.map((row) => ({
      serial: row.serial,
      merchantId: row.merchant_id,
      state: row.state,
      certificate: fromBinary(SignedEnvelopeSchema, row.certificate),
    }));
  }

  /** @param names as `terminalName` gives them. */
  async findTerminals(names: readonly string[]): Promise<readonly TerminalRow[]> {
    const rows = await this.#database.run<TerminalFoundRow>(FIND_TERMINALS, [names]);
    return rows.map((row) => ({
      terminalId: row.terminal_id,
      merchantId: row.merchant_id,
      state: row.state,
      currencies: row.currencies,
      certificate: fromBinary(SignedEnvelopeSchema, row.certificate),
    }));
  }

  /** All of them, or none. @throws PaymentError WRONG_STATE */
  async registerReaders(readers: readonly ReaderToRegister[], nowMs: number): Promise<void> {
    const values = [...READER_BATCH.values(readers), new Date(nowMs)];
    await unlessRetired("a reader", () => this.#database.run(REGISTER_READERS, values));
  }

  /** All of them, or none. @throws PaymentError WRONG_STATE */
  async registerTerminals(terminals: readonly TerminalToRegister[], nowMs: number): Promise<void> {
    const values = [...TERMINAL_BATCH.values(terminals), new Date(nowMs)];
    await unlessRetired("a terminal", () => this.#database.run(REGISTER_TERMINALS, values));
  }

  /** @returns whether there is such a reader. @throws PaymentError WRONG_STATE */
  async setReaderState(serial: ReaderSerial, state: DeviceStateName): Promise<boolean> {
    const rows = await unlessRetired(`reader ${serial}`, () =>
      this.#database.run(SET_READER_STATE, [serial, state]),
    );
    return rows.length > 0;
  }

  /** @returns whether there is such a terminal. @throws PaymentError WRONG_STATE */
  async setTerminalState(key: TerminalKey, state: DeviceStateName): Promise<boolean> {
    const values = [key.merchantId, key.terminalId, state];
    const rows = await unlessRetired(`terminal ${terminalName(key)}`, () =>
      this.#database.run(SET_TERMINAL_STATE, values),
    );
    return rows.length > 0;
  }

  /** Merchants that have a terminal of this id. */
  async merchantsOf(terminalId: string): Promise<readonly MerchantId[]> {
    const rows = await this.#database.run<{ readonly merchant_id: MerchantId }>(MERCHANTS_OF, [
      terminalId,
    ]);
    return rows.map(({ merchant_id }) => merchant_id);
  }

  /** So many readers by serial. @param after serial, or empty for the first ones. */
  async listReaders(after: string, count: number): Promise<RegisteredReader[]> {
    const rows = await this.#database.run<ReaderListRow>(LIST_READERS, [after, count]);
    return rows.map((row) =>
      create(RegisteredReaderSchema, {
        serial: row.serial,
        model: row.model,
        merchantId: row.merchant_id,
        state: DeviceState[row.state],
        lastPaymentAtMs: BigInt(row.last_payment_at?.getTime() ?? 0),
        certificateId: row.certificate_id,
        notAfterMs: BigInt(row.not_after.getTime()),
      }),
    );
  }

  /** So many terminals by merchant and terminal id. */
  async listTerminals(
    after: TerminalKey | undefined,
    count: number,
  ): Promise<readonly RegisteredTerminal[]> {
    const behind = after === undefined ? {} : { cursor: { merchantId_terminalId: after }, skip: 1 };
    const orderBy = [{ merchantId: "asc" as const }, { terminalId: "asc" as const }];
    const query: Prisma.TerminalFindManyArgs = { ...behind, orderBy, take: count };
    const rows = await this.#database.read((prisma) => prisma.terminal.findMany(query));
    return rows.map((row) =>
      create(RegisteredTerminalSchema, {
        terminalId: row.terminalId,
        merchantId: row.merchantId,
        merchantName: row.merchantName,
        state: DeviceState[row.state as DeviceStateName],
        currencies: row.currencies,
        certificateId: row.certificateId,
        notAfterMs: BigInt(row.notAfter.getTime()),
      }),
    );
  }
}

interface ReaderFoundRow {
  readonly serial: ReaderSerial;
  readonly merchant_id: MerchantId;
  readonly state: DeviceStateName;
  readonly certificate: Buffer;
}

interface TerminalFoundRow {
  readonly terminal_id: TerminalKey["terminalId"];
  readonly merchant_id: MerchantId;
  readonly state: DeviceStateName;
  readonly currencies: readonly number[];
  readonly certificate: Buffer;
}

interface ReaderListRow {
  readonly serial: string;
  readonly model: string;
  readonly merchant_id: string;
  readonly state: DeviceStateName;
  readonly certificate_id: Buffer;
  readonly not_after: Date;
  readonly last_payment_at: Date | null;
}

const READER_BATCH = new RowParameters<ReaderToRegister>({
  serial: ["text", ({ serial }) => serial],
  merchant_id: ["text", ({ merchantId }) => merchantId],
  state: ["text", ({ state }) => state],
  model: ["text", ({ checked }) => checked.wire.model],
  certificate_id: ["bytea", ({ checked }) => checked.id],
  certificate: ["bytea", (row) => toBinary(SignedEnvelopeSchema, row.certificate)],
  not_after: ["timestamptz", ({ checked }) => new Date(Number(checked.wire.notAfterMs))],
});

const TERMINAL_BATCH = new RowParameters<TerminalToRegister>({
  terminal_id: ["text", ({ terminalId }) => terminalId],
  merchant_id: ["text", ({ merchantId }) => merchantId],
  merchant_name: ["text", ({ checked }) => checked.wire.merchantName],
  state: ["text", ({ state }) => state],
  // An array of arrays would be taken apart altogether; each list travels as its text.
  currencies: ["text", ({ currencies }) => `{${currencies.join(",")}}`],
  certificate_id: ["bytea", ({ checked }) => checked.id],
  certificate: ["bytea", (row) => toBinary(SignedEnvelopeSchema, row.certificate)],
  not_after: ["timestamptz", ({ checked }) => new Date(Number(checked.wire.notAfterMs))],
});

/**
 * A state that is not given is the one that the device has: its row is locked before it is read, so
 * that who suspends it at the same moment comes before or after.
 */
function registerStatement(
  table: string,
  key: readonly string[],
  batch: RowParameters<never>,
): Statement {
  const given: Record<string, string> = {
    currencies: "currencies::int[]",
    state: "coalesce(given.state, known.state, 'ACTIVE')",
  };
  const updates = batch.columns
    .filter((name) => !key.includes(name))
    .map((name) => `${name} = excluded.${name}`);
  const keys = key.join(", ");
  return {
    name: `register_${table}s`,
    text: `
    WITH given AS (SELECT * FROM ${batch.from("given")}),
    known AS (
      SELECT ${keys}, ${table}.state FROM ${table} JOIN given USING (${keys})
      ORDER BY ${keys} FOR UPDATE OF ${table}
    )
    INSERT INTO ${table} (${batch.names}, registered_at)
    SELECT ${batch.columns.map((name) => given[name] ?? name).join(", ")},
      $${batch.next}::timestamptz
    FROM given LEFT JOIN known USING (${keys})
    ON CONFLICT (${keys}) DO UPDATE SET ${updates.join(", ")}`,
  };
}

const REGISTER_READERS = registerStatement("reader", ["serial"], READER_BATCH);
const REGISTER_TERMINALS = registerStatement(
  "terminal",
  ["merchant_id", "terminal_id"],
  TERMINAL_BATCH,
);

const SET_READER_STATE: Statement = {
  name: "set_reader_state",
  text: "UPDATE reader SET state = $2::text WHERE serial = $1::text RETURNING serial",
};

const SET_TERMINAL_STATE: Statement = {
  name: "set_terminal_state",
  text: `
    UPDATE terminal SET state = $3::text
    WHERE merchant_id = $1::text AND terminal_id = $2::text RETURNING terminal_id`,
};

const MERCHANTS_OF: Statement = {
  name: "merchants_of_terminal_id",
  text: "SELECT merchant_id FROM terminal WHERE terminal_id = $1::text",
};

const REVISION: Statement = {
  name: "registry_revision",
  text: "SELECT revision FROM registry_revision",
};

const FIND_READERS: Statement = {
  name: "find_readers",
  text: `
    SELECT serial, merchant_id, state, certificate FROM reader
    WHERE serial = ANY ($1::text[])`,
};

const FIND_TERMINALS: Statement = {
  name: "find_terminals",
  text: `
    SELECT terminal_id, merchant_id, state, currencies, certificate FROM terminal
    WHERE (merchant_id, terminal_id) IN (
      SELECT split_part(name, '/', 1), split_part(name, '/', 2) FROM unnest($1::text[]) AS name
    )`,
};

const LIST_READERS: Statement = {
  name: "list_readers",
  text: `
    SELECT serial, model, merchant_id, state, certificate_id, not_after, (
      SELECT recorded_at FROM record
      WHERE record.merchant_id = reader.merchant_id AND record.reader_serial = reader.serial
      ORDER BY recorded_at DESC LIMIT 1
    ) AS last_payment_at
    FROM reader WHERE serial > $1 ORDER BY serial LIMIT $2`,
};
