/** The operations that a client needs (SMPP 3.4, section 5.1.2.1). */
export const COMMANDS = {
  genericNack: 0x80000000,
  bindTransceiver: 0x00000009,
  bindTransceiverResp: 0x80000009,
  unbind: 0x00000006,
  unbindResp: 0x80000006,
  submitSm: 0x00000004,
  submitSmResp: 0x80000004,
  deliverSm: 0x00000005,
  deliverSmResp: 0x80000005,
  enquireLink: 0x00000015,
  enquireLinkResp: 0x80000015,
} as const;

/** Values of command_status that mean more than yes or no (section 5.1.3). */
export const STATUS = {
  ok: 0x00000000,
  /** ESME_RMSGQFUL */
  queueFull: 0x00000014,
  /** ESME_RTHROTTLED */
  throttled: 0x00000058,
  /** ESME_RINVDSTADR */
  invalidDestination: 0x0000000b,
  /** ESME_RINVCMDID */
  invalidCommand: 0x00000003,
} as const;

/** One protocol data unit. */
export interface Pdu {
  readonly command: number;
  readonly status: number;
  readonly sequence: number;
  readonly body: Buffer;
}

const HEADER_BYTES = 16;
/** Far above any submit_sm; a longer one is no SMPP. */
const PDU_BYTES_MAX = 16_384;

export function encodePdu({ command, status, sequence, body }: Pdu): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(HEADER_BYTES + body.length, 0);
  header.writeUInt32BE(command, 4);
  header.writeUInt32BE(status, 8);
  header.writeUInt32BE(sequence, 12);
  return Buffer.concat([header, body]);
}

/** Puts PDUs together again out of what TCP gives. */
export class PduReader {
  #bytes: Buffer = Buffer.alloc(0);

  /** @throws RangeError when the other side does not speak SMPP. */
  read(chunk: Buffer): Pdu[] {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    const pdus: Pdu[] = [];
    while (this.#bytes.length >= HEADER_BYTES) {
      const length = this.#bytes.readUInt32BE(0);
      if (length < HEADER_BYTES || length > PDU_BYTES_MAX) {
        throw new RangeError(`command_length must be 16 to ${PDU_BYTES_MAX}, got ${length}`);
      }
      if (this.#bytes.length < length) break;
      pdus.push({
        command: this.#bytes.readUInt32BE(4),
        status: this.#bytes.readUInt32BE(8),
        sequence: this.#bytes.readUInt32BE(12),
        body: this.#bytes.subarray(HEADER_BYTES, length),
      });
      this.#bytes = this.#bytes.subarray(length);
    }
    return pdus;
  }
}

/** Writes the fields of a body one after the other. */
export class BodyWriter {
  readonly #parts: Buffer[] = [];

  /** C-Octet String: ends with a zero byte. */
  text(value: string): this {
    this.#parts.push(Buffer.from(`${value}\0`, "latin1"));
    return this;
  }

  byte(...values: readonly number[]): this {
    this.#parts.push(Buffer.from(values));
    return this;
  }

  bytes(value: Uint8Array): this {
    this.#parts.push(Buffer.from(value));
    return this;
  }

  get body(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

/** Reads the fields of a body one after the other; what is not there reads as empty. */
export class BodyReader {
  readonly #body: Buffer;
  #position = 0;

  constructor(body: Buffer) {
    this.#body = body;
  }

  text(): string {
    const end = this.#body.indexOf(0, this.#position);
    const stop = end === -1 ? this.#body.length : end;
    const value = this.#body.toString("latin1", this.#position, stop);
    this.#position = stop + 1;
    return value;
  }

  byte(): number {
    const value = this.#body[this.#position] ?? 0;
    this.#position += 1;
    return value;
  }

  bytes(length: number): Buffer {
    const value = this.#body.subarray(this.#position, this.#position + length);
    this.#position += length;
    return value;
  }

  /** Optional parameters (section 3.2.4): tag, length, value each. */
  optionals(): ReadonlyMap<number, Buffer> {
    const found = new Map<number, Buffer>();
    while (this.#position + 4 <= this.#body.length) {
      const tag = this.#body.readUInt16BE(this.#position);
      const length = this.#body.readUInt16BE(this.#position + 2);
      this.#position += 4;
      found.set(tag, this.bytes(length));
    }
    return found;
  }
}
