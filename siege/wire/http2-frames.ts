/** RFC 9113, section 6. */
export const FRAME = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

export const FLAG = {
  ACK: 0x1,
  END_STREAM: 0x1,
  END_HEADERS: 0x4,
  PADDED: 0x8,
  PRIORITY: 0x20,
} as const;

/** RFC 9113, section 6.5.2. */
export const SETTING = { ENABLE_PUSH: 2, INITIAL_WINDOW_SIZE: 4, MAX_FRAME_SIZE: 5 } as const;

/** What a client sends first (RFC 9113, section 3.4). */
export const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

const HEAD_BYTES = 9;

/** One frame, right or wrong: nothing in it is checked. */
export interface Http2Frame {
  /** 0 to 255. */
  readonly type: number;
  /** 0 by default. */
  readonly flags?: number;
  /** 32 bits, the reserved one with them; 0, the connection, by default. */
  readonly streamId?: number;
  readonly payload?: Uint8Array;
  /** The length that the head states, 24 bits, where it is not that of the payload. */
  readonly statedBytes?: number;
}

export function frameBytes(frame: Http2Frame): Buffer {
  const { type, flags = 0, streamId = 0, payload = new Uint8Array(0) } = frame;
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUIntBE(frame.statedBytes ?? payload.byteLength, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId >>> 0, 5);
  return Buffer.concat([head, payload]);
}

/** 32 bits, big-endian: error codes, window increments, stream ids. */
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/** @param values setting → value, as in SETTING. */
export function settingsFrame(values: readonly (readonly [number, number])[] = []): Buffer {
  const payload = Buffer.alloc(6 * values.length);
  values.forEach(([setting, value], index) => {
    payload.writeUInt16BE(setting, 6 * index);
    payload.writeUInt32BE(value >>> 0, 6 * index + 2);
  });
  return frameBytes({ type: FRAME.SETTINGS, payload });
}

/** How every client begins. */
export function connectionStart(settings: readonly (readonly [number, number])[] = []): Buffer {
  return Buffer.concat([PREFACE, settingsFrame(settings)]);
}

/** A payload with padding (RFC 9113, section 6.1): length, payload, that many zeros. */
export function padded(payload: Uint8Array, statedPadding: number, padding: number): Buffer {
  return Buffer.concat([Buffer.of(statedPadding & 0xff), payload, Buffer.alloc(padding)]);
}
