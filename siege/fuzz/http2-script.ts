import type { DescMethod } from "@bufbuild/protobuf";
import type { Dice } from "../../chaos/dice.ts";
import { lengthPrefixed, pathOf } from "../wire/grpc-calls.ts";
import { type Field, grpcFields, headerBlock } from "../wire/hpack.ts";
import {
  FLAG,
  FRAME,
  frameBytes,
  PREFACE,
  padded,
  SETTING,
  settingsFrame,
  uint32,
} from "../wire/http2-frames.ts";
import { byte, garbage, length, pickWeighted, type Weighted } from "./chance.ts";
import { messageBytes } from "./message-bytes.ts";

const ACTS_MAX = 10;
const PATHS = ["/", "/nothing/Here", "*", "", "/cardlane.relay.v1.RelayService/", "/%2e%2e/x"];
const CONTENT_TYPES = [
  "application/grpc+proto",
  "application/grpc-web+proto",
  "application/connect+proto",
  "application/connect+json",
  "application/proto",
  "application/json",
  "text/plain",
  "",
];
const ODD_FIELDS: readonly Field[] = [
  ["expect", "100-continue"],
  ["expect", "200-ok"],
  ["grpc-timeout", "1n"],
  ["grpc-timeout", "99999999H"],
  ["grpc-timeout", "x"],
  ["connect-timeout-ms", "-1"],
  ["grpc-encoding", "gzip"],
  ["grpc-accept-encoding", "\u0000"],
  ["content-length", "5"],
  ["content-length", "99999999999"],
  ["connection", "close"],
  ["transfer-encoding", "chunked"],
  ["upgrade", "h2c"],
  ["Upper", "case"],
  ["traceparent", "00-00000000000000000000000000000000-0000000000000000-01"],
  ["traceparent", "00-ffffffffffffffffffffffffffffffff-ffffffffffffffff-ff"],
  [":path", "/twice"],
  [":unknown", "pseudo"],
  ["", "nameless"],
  ["cookie", "a=b"],
  ["x-bin", "\n\r"],
];

/** What a client of HTTP/2 says, frame by frame: right ones, wrong ones, at any moment. */
export function http2Script(dice: Dice, methods: readonly DescMethod[]): Buffer[] {
  const conversation = new Conversation(dice, methods);
  const acts = Array.from({ length: dice.between(1, ACTS_MAX) }, () => conversation.next());
  return [...start(dice), ...acts];
}

function start(dice: Dice): Buffer[] {
  return pickWeighted<() => Buffer[]>(dice, [
    [12, () => [PREFACE, settingsFrame()]],
    [3, () => [PREFACE, settingsFrame([[SETTING.INITIAL_WINDOW_SIZE, dice.pick([0, 1, 5])]])]],
    [2, () => [PREFACE, settingsFrame([[dice.between(0, 9), dice.between(0, 2 ** 31)]])]],
    [1, () => [PREFACE]],
    [1, () => [PREFACE.subarray(0, dice.between(3, 23)), settingsFrame()]],
    [1, () => [PREFACE, PREFACE]],
  ])();
}

class Conversation {
  readonly #dice: Dice;
  readonly #methods: readonly DescMethod[];
  readonly #acts: readonly Weighted<() => Buffer>[];
  #nextId = 1;
  /** Of the stream that was opened last. */
  #method: DescMethod;

  constructor(dice: Dice, methods: readonly DescMethod[]) {
    this.#dice = dice;
    this.#methods = methods;
    this.#method = dice.pick(methods);
    const at =
      (type: number, payload: () => Uint8Array, flags = 0) =>
      () =>
        frameBytes({ type, flags, streamId: this.#anyId(), payload: payload() });
    this.#acts = [
      [10, () => this.#call()],
      [14, () => this.#message()],
      [5, () => this.#anyData()],
      [4, at(FRAME.RST_STREAM, () => uint32(dice.between(0, 14)))],
      [2, () => this.#trailers()],
      [2, () => this.#continuation()],
      [2, at(FRAME.WINDOW_UPDATE, () => uint32(dice.pick([0, 1, 65_535, 2 ** 31 - 1, 2 ** 31])))],
      [1, () => frameBytes({ type: FRAME.GOAWAY, payload: garbage(dice, dice.pick([8, 12, 3])) })],
      [1, at(FRAME.PRIORITY, () => garbage(dice, dice.pick([5, 5, 4])))],
      [1, at(FRAME.PUSH_PROMISE, () => garbage(dice, 9), FLAG.END_HEADERS)],
      [1, () => this.#ping()],
      [1, () => settingsFrame([[dice.between(0, 9), dice.between(0, 2 ** 32 - 1)]])],
      [1, () => frameBytes({ type: FRAME.SETTINGS, flags: FLAG.ACK, payload: this.#rarely() })],
      [1, at(dice.between(10, 255), () => garbage(dice, length(dice)), byte(dice))],
      [1, () => garbage(dice, length(dice))],
    ];
  }

  next(): Buffer {
    const frame = pickWeighted(this.#dice, this.#acts)();
    return this.#dice.happens(0.08) ? this.#damaged(frame) : frame;
  }

  /** Opens a stream, most often as a client of gRPC does. */
  #call(): Buffer {
    const dice = this.#dice;
    this.#method = dice.pick(this.#methods);
    const block = headerBlock(this.#fields());
    const streamId = this.#nextId;
    this.#nextId += 2;
    const endStream = dice.happens(0.15) ? FLAG.END_STREAM : 0;
    if (dice.happens(0.2)) {
      const cut = dice.between(0, block.byteLength);
      const parts = [
        frameBytes({
          type: FRAME.HEADERS,
          flags: endStream,
          streamId,
          payload: block.subarray(0, cut),
        }),
        frameBytes({
          type: FRAME.CONTINUATION,
          flags: dice.happens(0.8) ? FLAG.END_HEADERS : 0,
          streamId: dice.happens(0.9) ? streamId : this.#anyId(),
          payload: block.subarray(cut),
        }),
      ];
      return Buffer.concat(parts);
    }
    const flags = FLAG.END_HEADERS | endStream;
    if (dice.happens(0.1)) {
      const payload = padded(block, dice.pick([0, 3, 255]), 3);
      return frameBytes({
        type: FRAME.HEADERS,
        flags: flags | FLAG.PADDED,
        streamId,
        payload,
      });
    }
    return frameBytes({ type: FRAME.HEADERS, flags, streamId, payload: block });
  }

  #fields(): readonly Field[] {
    const dice = this.#dice;
    const path = dice.happens(0.9) ? pathOf(this.#method) : dice.pick(PATHS);
    const more = dice.happens(0.3)
      ? Array.from({ length: dice.between(1, 3) }, () => dice.pick(ODD_FIELDS))
      : [];
    const fields = grpcFields(path, more).map(([name, value]): Field => {
      if (name === "content-type" && dice.happens(0.3)) return [name, dice.pick(CONTENT_TYPES)];
      if (name === ":method" && dice.happens(0.1)) {
        return [name, dice.pick(["GET", "CONNECT", "OPTIONS", "HEAD", "post", ""])];
      }
      if (name === ":authority" && dice.happens(0.05)) return [name, "elsewhere.example"];
      return [name, value];
    });
    if (dice.happens(0.03)) return [...fields, ["x-long", "v".repeat(dice.pick([9_000, 70_000]))]];
    if (dice.happens(0.03)) return [...fields, ...many(dice.pick([60, 70, 2_000]))];
    return dice.happens(0.05) ? fields.filter(() => dice.happens(0.8)) : fields;
  }

  /** A message of the method that was called, most often whole. */
  #message(): Buffer {
    const dice = this.#dice;
    const isEnvelope = dice.happens(0.9);
    const message = messageBytes(this.#method.input, dice);
    const whole = isEnvelope ? lengthPrefixed(message) : message;
    const payload = pickWeighted<() => Buffer>(dice, [
      [12, () => whole],
      [2, () => Buffer.concat([whole, whole])],
      [2, () => whole.subarray(0, dice.between(0, whole.byteLength))],
      [1, () => lengthPrefixed(message, dice.pick([0, 1, 65_536, 65_537, 2 ** 32 - 1]))],
      [1, () => Buffer.concat([Buffer.of(dice.pick([1, 2, 0x80, 255])), whole.subarray(1)])],
    ])();
    return this.#data(payload, this.#lastId());
  }

  #anyData(): Buffer {
    return this.#data(garbage(this.#dice, length(this.#dice)), this.#anyId());
  }

  #data(payload: Buffer, streamId: number): Buffer {
    const dice = this.#dice;
    const end = dice.happens(0.2) ? FLAG.END_STREAM : 0;
    if (!dice.happens(0.1)) {
      return frameBytes({ type: FRAME.DATA, flags: end, streamId, payload });
    }
    return frameBytes({
      type: FRAME.DATA,
      flags: end | FLAG.PADDED,
      streamId,
      payload: padded(payload, dice.pick([0, 1, 7, 255]), dice.pick([0, 7])),
    });
  }

  #trailers(): Buffer {
    const flags = FLAG.END_HEADERS | (this.#dice.happens(0.7) ? FLAG.END_STREAM : 0);
    const payload = headerBlock([["x-trailer", "1"]]);
    return frameBytes({ type: FRAME.HEADERS, flags, streamId: this.#lastId(), payload });
  }

  #continuation(): Buffer {
    const payload = headerBlock([["x-late", "1"]]);
    const flags = this.#dice.happens(0.5) ? FLAG.END_HEADERS : 0;
    return frameBytes({ type: FRAME.CONTINUATION, flags, streamId: this.#anyId(), payload });
  }

  #ping(): Buffer {
    const flags = this.#dice.happens(0.2) ? FLAG.ACK : 0;
    const payload = garbage(this.#dice, this.#dice.pick([8, 8, 8, 0, 9]));
    return frameBytes({ type: FRAME.PING, flags, payload, streamId: this.#dice.pick([0, 0, 1]) });
  }

  #rarely(): Buffer {
    return garbage(this.#dice, this.#dice.pick([0, 0, 0, 6]));
  }

  #lastId(): number {
    return Math.max(1, this.#nextId - 2);
  }

  /** Often of an open stream, else of none: idle, closed, the server's own, the connection. */
  #anyId(): number {
    const dice = this.#dice;
    return pickWeighted(dice, [
      [6, this.#lastId()],
      [2, 0],
      [1, dice.between(1, 9)],
      [1, this.#nextId],
      [1, dice.pick([2, 4, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1])],
    ]);
  }

  /** A byte is another, some are missing, or the length is wrong. */
  #damaged(frame: Buffer): Buffer {
    const dice = this.#dice;
    if (frame.byteLength === 0) return frame;
    const changed = Buffer.from(frame);
    const at = dice.between(0, changed.byteLength - 1);
    return pickWeighted<() => Buffer>(dice, [
      [2, () => changed.fill(byte(dice), at, at + 1)],
      [1, () => changed.subarray(0, at)],
      [1, () => changed.fill(dice.pick([0, 1, 255]), 0, Math.min(3, changed.byteLength))],
    ])();
  }
}

function many(count: number): readonly Field[] {
  return Array.from({ length: count }, (_, index): Field => [`x-${index}`, "1"]);
}
