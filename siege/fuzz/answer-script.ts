import type { Dice } from "../../chaos/dice.ts";
import { TransactResponseSchema } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import type { ScriptedAnswer } from "../wire/answering-server.ts";
import { lengthPrefixed } from "../wire/grpc-calls.ts";
import { type Field, headerBlock } from "../wire/hpack.ts";
import { FLAG, FRAME, frameBytes, settingsFrame, uint32 } from "../wire/http2-frames.ts";
import { byte, garbage, length, pickWeighted, type Weighted } from "./chance.ts";
import { messageBytes } from "./message-bytes.ts";
import { inSegments } from "./segments.ts";

const OK: readonly Field[] = [
  [":status", "200"],
  ["content-type", "application/grpc"],
];
const HTTP_STATUS = ["200", "100", "103", "101", "204", "404", "503", "099", "abc", "", "1000"];
const GRPC_STATUS = ["0", "3", "13", "14", "17", "99", "-1", "x", "", "00", "Canceled"];
const GRPC_MESSAGE = ["%", "%zz", "%E0%A4%A", "100% away", "\u00e9", "x".repeat(9_000), ""];
/** "CAES" and "CA0Q" are base64 of what is no google.rpc.Status; the next is one that says OK. */
const DETAILS = ["CAES", "CA0Q", "CAA=", "!!!", "", "A".repeat(9_000)];
const ODD_NAMES = ["set-cookie", "grpc-encoding", "content-length", "content-type", "date", "te"];
const ODD_VALUES = ["gzip", "!!!", "-1", "99999999999", "\u00e9\u00ff", "", "a".repeat(8_000)];
const FRAMES_MAX = 9;

/** What any server may answer, who is not the one that was meant, or is broken. */
export function anyAnswer(dice: Dice): ScriptedAnswer {
  const frames = Array.from({ length: dice.between(1, FRAMES_MAX) }, () => anyFrame(dice));
  return {
    greeting: dice.happens(0.9) ? settingsFrame() : garbage(dice, length(dice)),
    answer: inSegments(dice, frames),
    ending: dice.pick(["stays", "FIN", "reset"] as const),
  };
}

/** Answers that ended whoever had dialled. */
export const KNOWN_ANSWERS: readonly (ScriptedAnswer & { readonly name: string })[] = [
  known("a refusal with details that are no status", [
    refusal([["grpc-status-details-bin", "CAES"]]),
  ]),
  known("a refusal in words that are not encoded", [refusal([["grpc-message", "100% away"]])]),
  known("a push, and a GOAWAY with an error", [push(2), goaway(1)]),
  known("a push, and DATA on stream 0", [push(2), nowhere()]),
];

function known(name: string, answer: readonly Buffer[]) {
  return {
    name,
    greeting: settingsFrame(),
    answer: [Buffer.concat(answer)],
    ending: "stays",
  } as const;
}

function anyFrame(dice: Dice): Buffer {
  const streamId = dice.pick([1, 1, 1, 1, 3, 5, 0, 2, 4, 2 ** 31 - 1]);
  const choices: readonly Weighted<() => Buffer>[] = [
    [8, () => headers([...OK, ...anyFields(dice)])],
    [8, () => headers(OK)],
    [4, () => headers([[":status", dice.pick(HTTP_STATUS)], ...anyFields(dice)], streamId)],
    [6, () => refusal(anyFields(dice))],
    [10, () => frameBytes({ type: FRAME.DATA, streamId, payload: anyMessage(dice) })],
    [3, () => frameBytes({ type: FRAME.DATA, streamId, payload: garbage(dice, length(dice)) })],
    [
      3,
      () => frameBytes({ type: FRAME.RST_STREAM, streamId, payload: uint32(dice.between(0, 15)) }),
    ],
    [3, () => goaway(dice.between(0, 14))],
    [3, () => push(dice.pick([1, 2, 4]))],
    [2, () => nowhere()],
    [2, () => settingsFrame([[dice.between(0, 9), dice.between(0, 2 ** 32 - 1)]])],
    [2, () => frameBytes({ type: FRAME.PING, payload: garbage(dice, dice.pick([8, 7])) })],
    [1, () => garbage(dice, length(dice))],
    [1, () => frameBytes({ type: byte(dice), flags: byte(dice), streamId })],
    [1, () => Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")],
  ];
  return pickWeighted(dice, choices)();
}

function anyFields(dice: Dice): readonly Field[] {
  const choices: readonly Weighted<() => Field>[] = [
    [2, () => ["grpc-status", dice.pick(GRPC_STATUS)]],
    [2, () => ["grpc-message", dice.pick(GRPC_MESSAGE)]],
    [2, () => ["grpc-status-details-bin", dice.pick(DETAILS)]],
    [2, () => [dice.pick(ODD_NAMES), dice.pick(ODD_VALUES)]],
  ];
  return Array.from({ length: dice.between(0, 4) }, () => pickWeighted(dice, choices)());
}

function anyMessage(dice: Dice): Buffer {
  const stated = dice.happens(0.1) ? dice.pick([0, 70_000, 2 ** 32 - 1]) : undefined;
  return lengthPrefixed(messageBytes(TransactResponseSchema, dice), stated);
}

function headers(fields: readonly Field[], streamId = 1): Buffer {
  const payload = headerBlock(fields);
  return frameBytes({ type: FRAME.HEADERS, flags: FLAG.END_HEADERS, streamId, payload });
}

function refusal(fields: readonly Field[]): Buffer {
  return frameBytes({
    type: FRAME.HEADERS,
    flags: FLAG.END_HEADERS | FLAG.END_STREAM,
    streamId: 1,
    payload: headerBlock([...OK, ["grpc-status", "13"], ...fields]),
  });
}

function push(promisedId: number): Buffer {
  const request = headerBlock([
    [":method", "GET"],
    [":path", "/"],
    [":scheme", "http"],
    [":authority", "localhost"],
  ]);
  return frameBytes({
    type: FRAME.PUSH_PROMISE,
    flags: FLAG.END_HEADERS,
    streamId: 1,
    payload: Buffer.concat([uint32(promisedId), request]),
  });
}

function goaway(code: number): Buffer {
  return frameBytes({ type: FRAME.GOAWAY, payload: Buffer.concat([uint32(0), uint32(code)]) });
}

/** A connection error: DATA belongs to a stream. */
function nowhere(): Buffer {
  return frameBytes({ type: FRAME.DATA, payload: Buffer.alloc(5) });
}
