/**
 * How much one peer makes this side hold: unfinished messages that it sends, answers that it does
 * not read. Who asks for more loses the stream that asked, so that the sum has a bound.
 */
export class HeldBytes {
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** What one stream, in one direction, makes this side hold; nothing at first. */
  share(): HeldShare {
    let own = 0;
    return {
      set: (bytes) => {
        const isRoom = bytes <= own || this.#bytes - own + bytes <= this.#bytesMax;
        if (!isRoom) return false;
        this.#bytes += bytes - own;
        own = bytes;
        return true;
      },
    };
  }
}

export interface HeldShare {
  /** @returns false when there is no room for so much; the share stays as it was. */
  set(bytes: number): boolean;
}

/** For a side that chooses its peers itself. */
export const UNBOUNDED_SHARE: HeldShare = { set: () => true };
