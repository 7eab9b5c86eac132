import { binaryArray } from "../../prisma/binary-array.ts";
import type { HotDatabase } from "../../prisma/hot-database.ts";
import { RowParameters } from "../../prisma/row-parameters.ts";

/** As in the contract's DeviceState. */
export type DeviceStateName = "ACTIVE" | "SUSPENDED" | "RETIRED";

export interface RelayRow {
  readonly relayId: string;
  /** Key id of relay_hop, 8 bytes. */
  readonly hopKeyId: Uint8Array;
  /** SignedEnvelope, serialised. */
  readonly certificate: Uint8Array;
  readonly state: DeviceStateName;
}

export interface TerminalRow {
  readonly terminalId: string;
  readonly merchantId: string;
  readonly certificateId: Uint8Array;
  readonly certificate: Uint8Array;
  readonly state: DeviceStateName;
  /** Profile of the merchant: the last terminal registered says it. */
  readonly currencies: readonly number[];
  readonly simulateByAmount: boolean;
}

export interface ReaderRow {
  readonly readerSerial: string;
  readonly merchantId: string;
  readonly certificateId: Uint8Array;
  readonly certificate: Uint8Array;
  readonly state: DeviceStateName;
}

/** Which devices are served. A device that was retired stays so whatever comes later. */
export class RegistryStore {
  readonly #database: HotDatabase;

  constructor(database: HotDatabase) {
    this.#database = database;
  }

  /** @returns how many were written. */
  async registerRelays(relays: readonly RelayRow[]): Promise<number> {
    const values = relayParameters.values(relays);
    return (await this.#database.run(REGISTER_RELAYS, values)).length;
  }

  async registerTerminals(terminals: readonly TerminalRow[]): Promise<number> {
    const values = terminalParameters.values(terminals);
    return (await this.#database.run(REGISTER_TERMINALS, values)).length;
  }

  async registerReaders(readers: readonly ReaderRow[]): Promise<number> {
    const values = readerParameters.values(readers);
    return (await this.#database.run(REGISTER_READERS, values)).length;
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

const REGISTER_RELAYS = {
  name: "relay.register",
  text: `
    INSERT INTO processor.relay (${relayParameters.names})
    SELECT ${relayParameters.names} FROM ${relayParameters.from("given")}
    ON CONFLICT (relay_id) DO UPDATE SET
      hop_key_id = excluded.hop_key_id, certificate = excluded.certificate, state = excluded.state
    WHERE relay.state <> 'RETIRED'
    RETURNING relay_id`,
};

const REGISTER_READERS = {
  name: "reader.register",
  text: `
    INSERT INTO processor.reader (${readerParameters.names})
    SELECT ${readerParameters.names} FROM ${readerParameters.from("given")}
    ON CONFLICT (reader_serial) DO UPDATE SET
      merchant_id = excluded.merchant_id, certificate_id = excluded.certificate_id,
      certificate = excluded.certificate, state = excluded.state
    WHERE reader.state <> 'RETIRED'
    RETURNING reader_serial`,
};

const REGISTER_TERMINALS = {
  name: "terminal.register",
  text: `
    WITH item AS (SELECT * FROM ${terminalParameters.numbered("given")}),
    profile AS (
      INSERT INTO processor.merchant (merchant_id, currencies, simulate_by_amount)
      SELECT DISTINCT ON (merchant_id)
        merchant_id, string_to_array(currencies, ',')::int[], simulate_by_amount
      FROM item ORDER BY merchant_id, position DESC
      ON CONFLICT (merchant_id) DO UPDATE SET
        currencies = excluded.currencies, simulate_by_amount = excluded.simulate_by_amount
    )
    INSERT INTO processor.terminal
      (merchant_id, terminal_id, certificate_id, certificate, state)
    SELECT merchant_id, terminal_id, certificate_id, certificate, state FROM item
    ON CONFLICT (merchant_id, terminal_id) DO UPDATE SET
      certificate_id = excluded.certificate_id, certificate = excluded.certificate,
      state = excluded.state
    WHERE terminal.state <> 'RETIRED'
    RETURNING terminal_id`,
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
