/**
 * In how many pieces a message may come: so many, and one more for so many bytes. Each costs a turn
 * through the whole of HTTP/2, and clients, proxies and TLS cut at a thousand bytes or more.
 */
const PIECES_MAX = 64;
const BYTES_PER_PIECE = 256;
/** How many small pieces a connection's messages may leave unpaid: a few milliseconds' work. */
const UNPAID_MAX = 1_024;
/** What a message pays for at its end: its prefix, the rest of a window, its last bytes. */
const PAID_BY_MESSAGE = 4;

/** Who cuts messages so small means harm: nothing more is read of it. */
export class TooManyPieces extends Error {
  override readonly name = "TooManyPieces";
  override readonly message = "messages come in too many pieces";
}

/**
 * The small pieces of a connection's messages, over all of its streams. Each message that comes to
 * its end pays for a few, so that nobody whose messages arrive is ever found guilty.
 */
export class SmallPieces {
  #unpaid = 0;

  /** @throws TooManyPieces */
  add(): void {
    this.#unpaid += 1;
    if (this.#unpaid > UNPAID_MAX) throw new TooManyPieces();
  }

  pay(): void {
    this.#unpaid = Math.max(0, this.#unpaid - PAID_BY_MESSAGE);
  }
}

/** The pieces of one message after the other. */
export class MessagePieces {
  readonly #small: SmallPieces | undefined;
  #count = 0;
  #bytes = 0;

  /** @param small of the connection; without, each message stands for itself. */
  constructor(small: SmallPieces | undefined) {
    this.#small = small;
  }

  /** Some bytes of a message came, and not all of it together. @throws TooManyPieces */
  add(bytes: number): void {
    this.#count += 1;
    this.#bytes += bytes;
    if (this.#count > PIECES_MAX + this.#bytes / BYTES_PER_PIECE) throw new TooManyPieces();
    if (bytes < BYTES_PER_PIECE) this.#small?.add();
  }

  /** The message is there as a whole. */
  finish(): void {
    this.#count = 0;
    this.#bytes = 0;
    this.#small?.pay();
  }
}
