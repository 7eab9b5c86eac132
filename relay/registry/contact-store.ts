import { create } from "@bufbuild/protobuf";
import {
  type TerminalContact,
  TerminalContactSchema,
} from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { type TerminalKey, terminalName } from "../../payment/identifiers.ts";
import type { Statement } from "../../prisma/hot-database.ts";
import { RowParameters } from "../../prisma/row-parameters.ts";
import type { Database } from "../database.ts";
import type { Contact } from "./contact.ts";

export interface TerminalWithContact extends TerminalKey {
  readonly contact: Contact;
}

/** Whom the results of each terminal are sent to. */
export class ContactStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** @returns names of the terminals that are registered; of others nothing was written. */
  async set(contacts: readonly TerminalWithContact[]): Promise<ReadonlySet<string>> {
    const rows = await this.#database.run<NameRow>(SET, BATCH.values(contacts));
    return new Set(rows.map(({ name }) => name));
  }

  /** By the terminal's name. */
  async all(): Promise<ReadonlyMap<string, TerminalContact>> {
    const rows = await this.#database.read((prisma) => prisma.contact.findMany());
    return new Map(rows.map((row) => [terminalName(row), create(TerminalContactSchema, row)]));
  }
}

interface NameRow {
  readonly name: string;
}

const BATCH = new RowParameters<TerminalWithContact>({
  merchant_id: ["text", ({ merchantId }) => merchantId],
  terminal_id: ["text", ({ terminalId }) => terminalId],
  phone: ["text", ({ contact }) => contact.phone],
  email: ["text", ({ contact }) => contact.email],
  language: ["text", ({ contact }) => contact.language],
  time_zone: ["text", ({ contact }) => contact.timeZone],
});

/** Nobody to send to is no row: the statement of an outcome then finds nothing to do. */
const SET: Statement = {
  name: "set_terminal_contacts",
  text: `
    WITH wanted AS (
      SELECT given.*, phone <> '' OR email <> '' AS is_somebody
      FROM ${BATCH.from("given")} JOIN terminal USING (merchant_id, terminal_id)
    ), removed AS (
      DELETE FROM contact USING wanted
      WHERE contact.merchant_id = wanted.merchant_id
        AND contact.terminal_id = wanted.terminal_id AND NOT wanted.is_somebody
    ), kept AS (
      INSERT INTO contact (${BATCH.names})
      SELECT ${BATCH.names} FROM wanted WHERE is_somebody
      ON CONFLICT (merchant_id, terminal_id) DO UPDATE SET
        phone = excluded.phone, email = excluded.email, language = excluded.language,
        time_zone = excluded.time_zone
    )
    SELECT merchant_id || '/' || terminal_id AS name FROM wanted`,
};
