import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type SignedEnvelope, SignedEnvelopeSchema } from "../../gen/cardlane/keys/v1/keys_pb.ts";
import {
  DeviceState,
  type RegisteredReader,
  RegisteredReaderSchema,
  type RegisteredTerminal,
  RegisteredTerminalSchema,
} from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { enumName } from "../../payment/enum-name.ts";
import type { MerchantId, ReaderSerial, TerminalId } from "../../payment/identifiers.ts";
import type { Statement } from "../../prisma/hot-database.ts";
import { RowParameters } from "../../prisma/row-parameters.ts";
import type {
  CheckedReaderCertificate,
  CheckedTerminalCertificate,
} from "../../sealing/keys/certificates.ts";
import type { Database } from "../database.ts";

/** A reader as it is registered; its certificate is verified again by whoever relies on it. */
export interface ReaderRow {
  readonly serial: ReaderSerial;
  readonly merchantId: MerchantId;
  readonly state: DeviceState;
  readonly certificate: SignedEnvelope;
}

export interface TerminalRow {
  readonly terminalId: TerminalId;
  readonly merchantId: MerchantId;
  readonly state: DeviceState;
  readonly currencies: readonly number[];
  readonly certificate: SignedEnvelope;
}

export interface ReaderToRegister extends ReaderRow {
  readonly checked: CheckedReaderCertificate;
}

export interface TerminalToRegister extends TerminalRow {
  readonly checked: CheckedTerminalCertificate;
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
      state: deviceState(row.state),
      certificate: fromBinary(SignedEnvelopeSchema, row.certificate),
    }));
  }

  async findTerminals(terminalIds: readonly TerminalId[]): Promise<readonly TerminalRow[]> {
    const rows = await this.#database.run<TerminalFoundRow>(FIND_TERMINALS, [terminalIds]);
    return rows.map((row) => ({
      terminalId: row.terminal_id,
      merchantId: row.merchant_id,
      state: deviceState(row.state),
      currencies: row.currencies,
      certificate: fromBinary(SignedEnvelopeSchema, row.certificate),
    }));
  }

  async registerReaders(readers: readonly ReaderToRegister[], nowMs: number): Promise<void> {
    const values = [...READER_BATCH.values(readers), new Date(nowMs)];
    await this.#database.run(REGISTER_READERS, values);
  }

  async registerTerminals(terminals: readonly TerminalToRegister[], nowMs: number): Promise<void> {
    const values = [...TERMINAL_BATCH.values(terminals), new Date(nowMs)];
    await this.#database.run(REGISTER_TERMINALS, values);
  }

  /** All readers by serial. */
  async listReaders(): Promise<readonly RegisteredReader[]> {
    const rows = await this.#database.run<ReaderListRow>(LIST_READERS, []);
    return rows.map((row) =>
      create(RegisteredReaderSchema, {
        serial: row.serial,
        model: row.model,
        merchantId: row.merchant_id,
        state: deviceState(row.state),
        lastPaymentAtMs: BigInt(row.last_payment_at?.getTime() ?? 0),
        certificateId: row.certificate_id,
        notAfterMs: BigInt(row.not_after.getTime()),
      }),
    );
  }

  /** All terminals by terminal id. */
  async listTerminals(): Promise<readonly RegisteredTerminal[]> {
    const orderBy = { terminalId: "asc" } as const;
    const rows = await this.#database.read((prisma) => prisma.terminal.findMany({ orderBy }));
    return rows.map((row) =>
      create(RegisteredTerminalSchema, {
        terminalId: row.terminalId,
        merchantId: row.merchantId,
        merchantName: row.merchantName,
        state: deviceState(row.state),
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
  readonly state: string;
  readonly certificate: Buffer;
}

interface TerminalFoundRow {
  readonly terminal_id: TerminalId;
  readonly merchant_id: MerchantId;
  readonly state: string;
  readonly currencies: readonly number[];
  readonly certificate: Buffer;
}

interface ReaderListRow {
  readonly serial: string;
  readonly model: string;
  readonly merchant_id: string;
  readonly state: string;
  readonly certificate_id: Buffer;
  readonly not_after: Date;
  readonly last_payment_at: Date | null;
}

function deviceState(name: string): DeviceState {
  return DeviceState[name as keyof typeof DeviceState];
}

const READER_BATCH = new RowParameters<ReaderToRegister>({
  serial: ["text", ({ serial }) => serial],
  merchant_id: ["text", ({ merchantId }) => merchantId],
  state: ["text", ({ state }) => enumName(DeviceState, state)],
  model: ["text", ({ checked }) => checked.wire.model],
  certificate_id: ["bytea", ({ checked }) => checked.id],
  certificate: ["bytea", (row) => toBinary(SignedEnvelopeSchema, row.certificate)],
  not_after: ["timestamptz", ({ checked }) => new Date(Number(checked.wire.notAfterMs))],
});

const TERMINAL_BATCH = new RowParameters<TerminalToRegister>({
  terminal_id: ["text", ({ terminalId }) => terminalId],
  merchant_id: ["text", ({ merchantId }) => merchantId],
  merchant_name: ["text", ({ checked }) => checked.wire.merchantName],
  state: ["text", ({ state }) => enumName(DeviceState, state)],
  // An array of arrays would be taken apart altogether; each list travels as its text.
  currencies: ["text", ({ currencies }) => `{${currencies.join(",")}}`],
  certificate_id: ["bytea", ({ checked }) => checked.id],
  certificate: ["bytea", (row) => toBinary(SignedEnvelopeSchema, row.certificate)],
  not_after: ["timestamptz", ({ checked }) => new Date(Number(checked.wire.notAfterMs))],
});

function registerStatement(table: string, key: string, batch: RowParameters<never>): Statement {
  const given = batch.columns.map((name) => (name === "currencies" ? `${name}::int[]` : name));
  const updates = batch.columns
    .filter((name) => name !== key)
    .map((name) => `${name} = excluded.${name}`);
  return {
    name: `register_${table}s`,
    text: `
    INSERT INTO ${table} (${batch.names}, registered_at)
    SELECT ${given.join(", ")}, $${batch.next}::timestamptz FROM ${batch.from("given")}
    ON CONFLICT (${key}) DO UPDATE SET ${updates.join(", ")}`,
  };
}

const REGISTER_READERS = registerStatement("reader", "serial", READER_BATCH);
const REGISTER_TERMINALS = registerStatement("terminal", "terminal_id", TERMINAL_BATCH);

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
    WHERE terminal_id = ANY ($1::text[])`,
};

const LIST_READERS: Statement = {
  name: "list_readers",
  text: `
    SELECT serial, model, merchant_id, state, certificate_id, not_after, (
      SELECT recorded_at FROM record
      WHERE record.merchant_id = reader.merchant_id AND record.reader_serial = reader.serial
      ORDER BY recorded_at DESC LIMIT 1
    ) AS last_payment_at
    FROM reader ORDER BY serial`,
};
