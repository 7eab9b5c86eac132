import type { DeviceStateName } from "../../payment/device-state.ts";
import { binaryArray } from "../../prisma/binary-array.ts";
import type { HotDatabase, Statement } from "../../prisma/hot-database.ts";
import { RowParameters } from "../../prisma/row-parameters.ts";
import { unlessRetired } from "../../prisma/stays-retired.ts";

export interface RelayRow {
  readonly relayId: string;
  /** Key id of relay_hop, 8 bytes. */
  readonly hopKeyId: Uint8Array;
  /** SignedEnvelope, serialised. */
  readonly certificate: Uint8Array;
  readonly state: AskedState;
}

export interface TerminalRow {
  readonly terminalId: string;
  readonly merchantId: string;
  readonly certificateId: Uint8Array;
  readonly certificate: Uint8Array;
  readonly state: AskedState;
  readonly currencies: readonly number[];
  readonly simulateByAmount: boolean;
}

export interface ReaderRow {
  readonly readerSerial: string;
  readonly merchantId: string;
  readonly certificateId: Uint8Array;
  readonly certificate: Uint8Array;
  readonly state: AskedState;
}

/** undefined: the state that the device has. */
type AskedState = DeviceStateName | undefined;

/** Which devices are served. A device that was retired stays so whatever comes later. */
export class RegistryStore {
  readonly #database: HotDatabase;

  constructor(database: HotDatabase) {
    this.#database = database;
  }

  /** All of them, or none. @throws PaymentError WRONG_STATE for a retired one. */
  async registerRelays(relays: readonly RelayRow[]): Promise<void> {
    await unlessRetired("a relay", () =>
      this.#database.run(REGISTER_RELAYS, relayParameters.values(relays)),
    );
  }

  /** As `registerRelays`. */
  async registerTerminals(terminals: readonly TerminalRow[]): Promise<void> {
    await unlessRetired("a terminal", () =>
      this.#database.run(REGISTER_TERMINALS, terminalParameters.values(terminals)),
    );
  }

  /** As `registerRelays`. */
  async registerReaders(readers: readonly ReaderRow[]): Promise<void> {
    await unlessRetired("a reader", () =>
      this.#database.run(REGISTER_READERS, readerParameters.values(readers)),
    );
  }

  /** States of those that are registered, by relay id. */
  async relayStates(relayIds: readonly string[]): Promise<DeviceStates> {
    return statesIn(await this.#database.run<StateRow>(RELAY_STATES, [relayIds]));
  }

  /** States of those that are registered, by `terminalName`. */
  async terminalStates(names: readonly string[]): Promise<DeviceStates> {
    return statesIn(await this.#database.run<StateRow>(TERMINAL_STATES, [names]));
  }

  /** States of those that are registered, by serial. */
  async readerStates(serials: readonly string[]): Promise<DeviceStates> {
    return statesIn(await this.#database.run<StateRow>(READER_STATES, [serials]));
  }

  /** @returns whether there is such a relay. @throws PaymentError WRONG_STATE */
  async setRelayState(relayId: string, state: DeviceStateName): Promise<boolean> {
    const rows = await unlessRetired(`relay ${relayId}`, () =>
      this.#database.run(SET_RELAY_STATE, [relayId, state]),
    );
    return rows.length > 0;
  }

  /** As `setRelayState`. */
  async setReaderState(serial: string, state: DeviceStateName): Promise<boolean> {
    const rows = await unlessRetired(`reader ${serial}`, () =>
      this.#database.run(SET_READER_STATE, [serial, state]),
    );
    return rows.length > 0;
  }

  /** As `setRelayState`. @param name as `terminalName` gives it. */
  async setTerminalState(name: string, state: DeviceStateName): Promise<boolean> {
    const rows = await unlessRetired(`terminal ${name}`, () =>
      this.#database.run(SET_TERMINAL_STATE, [name, state]),
    );
    return rows.length > 0;
  }

  /** The certificate of the relay with this hop key: a serialised SignedEnvelope. */
  async relayCertificate(hopKeyId: Uint8Array): Promise<Uint8Array | undefined> {
    const [row] = await this.#database.run<CertificateRow>(RELAY_CERTIFICATE, [hopKeyId]);
    return row?.certificate;
  }

  async readerCertificates(ids: readonly Uint8Array[]): Promise<readonly CertificateRow[]> {
    return await this.#database.run<CertificateRow>(READER_CERTIFICATES, [
      binaryArray("bytea", ids),
    ]);
  }

  async terminalCertificates(ids: readonly Uint8Array[]): Promise<readonly CertificateRow[]> {
    return await this.#database.run<CertificateRow>(TERMINAL_CERTIFICATES, [
      binaryArray("bytea", ids),
    ]);
  }
}

export type DeviceStates = ReadonlyMap<string, DeviceStateName>;

interface StateRow {
  readonly name: string;
  readonly state: DeviceStateName;
}

function statesIn(rows: readonly StateRow[]): DeviceStates {
  return new Map(rows.map(({ name, state }) => [name, state]));
}

export interface CertificateRow {
  /** 8 bytes. */
  readonly certificate_id: Uint8Array;
  readonly certificate: Uint8Array;
}

const relayParameters = new RowParameters<RelayRow>({
  relay_id: ["text", (row) => row.relayId],
  hop_key_id: ["bytea", (row) => row.hopKeyId],
  certificate: ["bytea", (row) => row.certificate],
  state: ["text", (row) => row.state],
});

const readerParameters = new RowParameters<ReaderRow>({
  reader_serial: ["text", (row) => row.readerSerial],
  merchant_id: ["text", (row) => row.merchantId],
  certificate_id: ["bytea", (row) => row.certificateId],
  certificate: ["bytea", (row) => row.certificate],
  state: ["text", (row) => row.state],
});

const terminalParameters = new RowParameters<TerminalRow>({
  merchant_id: ["text", (row) => row.merchantId],
  terminal_id: ["text", (row) => row.terminalId],
  certificate_id: ["bytea", (row) => row.certificateId],
  certificate: ["bytea", (row) => row.certificate],
  state: ["text", (row) => row.state],
  currencies: ["text", (row) => row.currencies.join(",")],
  simulate_by_amount: ["boolean", (row) => row.simulateByAmount],
});

/**
 * A state that is not given is the one that the device has: its row is locked before it is read, so
 * that who suspends it at the same moment comes before or after.
 */
function registration(
  table: "relay" | "reader" | "terminal",
  key: readonly string[],
  parameters: RowParameters<never>,
): Statement {
  const given: Record<string, string> = {
    currencies: "string_to_array(currencies, ',')::int[]",
    state: "coalesce(given.state, known.state, 'ACTIVE')",
  };
  const updates = parameters.columns
    .filter((name) => !key.includes(name))
    .map((name) => `${name} = excluded.${name}`);
  const keys = key.join(", ");
  return {
    name: `${table}.register`,
    text: `
    WITH given AS (SELECT * FROM ${parameters.from("given")}),
    known AS (
      SELECT ${keys}, ${table}.state FROM processor.${table} JOIN given USING (${keys})
      ORDER BY ${keys} FOR UPDATE OF ${table}
    )
    INSERT INTO processor.${table} (${parameters.names})
    SELECT ${parameters.columns.map((name) => given[name] ?? name).join(", ")}
    FROM given LEFT JOIN known USING (${keys})
    ON CONFLICT (${keys}) DO UPDATE SET ${updates.join(", ")}
    RETURNING ${keys}`,
  };
}

const REGISTER_RELAYS = registration("relay", ["relay_id"], relayParameters);
const REGISTER_READERS = registration("reader", ["reader_serial"], readerParameters);
const REGISTER_TERMINALS = registration(
  "terminal",
  ["merchant_id", "terminal_id"],
  terminalParameters,
);

const RELAY_STATES = {
  name: "relay.states",
  text: `SELECT name, state FROM unnest($1::text[]) AS name
    JOIN processor.relay ON relay_id = name`,
};

const READER_STATES = {
  name: "reader.states",
  text: `SELECT name, state FROM unnest($1::text[]) AS name
    JOIN processor.reader ON reader_serial = name`,
};

const TERMINAL_STATES = {
  name: "terminal.states",
  text: `SELECT name, state FROM unnest($1::text[]) AS name
    JOIN processor.terminal
      ON merchant_id = split_part(name, '/', 1) AND terminal_id = split_part(name, '/', 2)`,
};

const SET_RELAY_STATE = {
  name: "relay.set_state",
  text: `UPDATE processor.relay SET state = $2::text WHERE relay_id = $1::text
    RETURNING state`,
};

const SET_READER_STATE = {
  name: "reader.set_state",
  text: `UPDATE processor.reader SET state = $2::text WHERE reader_serial = $1::text
    RETURNING state`,
};

const SET_TERMINAL_STATE = {
  name: "terminal.set_state",
  text: `UPDATE processor.terminal SET state = $2::text
    WHERE merchant_id = split_part($1::text, '/', 1)
      AND terminal_id = split_part($1::text, '/', 2)
    RETURNING state`,
};

const RELAY_CERTIFICATE = {
  name: "relay.certificate",
  text: `SELECT hop_key_id AS certificate_id, certificate FROM processor.relay
    WHERE hop_key_id = $1::bytea`,
};

const READER_CERTIFICATES = {
  name: "reader.certificates",
  text: `SELECT certificate_id, certificate FROM processor.reader
    WHERE certificate_id = ANY ($1::bytea[])`,
};

const TERMINAL_CERTIFICATES = {
  name: "terminal.certificates",
  text: `SELECT certificate_id, certificate FROM processor.terminal
    WHERE certificate_id = ANY ($1::bytea[])`,
};
