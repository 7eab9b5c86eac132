import { create, toBinary } from "@bufbuild/protobuf";
import type { Dice } from "../../chaos/dice.ts";
import { ReaderService, SessionRequestSchema } from "../../gen/cardlane/reader/v1/reader_pb.ts";
import { callStart, dataFrame, lengthPrefixed, pathOf } from "../wire/grpc-calls.ts";
import { connectionStart } from "../wire/http2-frames.ts";
import { byte, garbage, length, pickWeighted } from "./chance.ts";

/** Bytes of no protocol, or of one that is not spoken there. */
export function rawScript(dice: Dice): Buffer[] {
  return Array.from({ length: dice.between(1, 4) }, () =>
    pickWeighted<() => Buffer>(dice, [
      [4, () => garbage(dice, length(dice))],
      [1, () => Buffer.from("PRI")],
      [1, () => Buffer.from("PRI * HTTP/1.1\r\n\r\n")],
      [1, () => Buffer.from("SSH-2.0-OpenSSH_9.9\r\n")],
      // The head of a TLS record, of a ClientHello or of anything.
      [2, () => Buffer.concat([Buffer.of(byte(dice) % 4 === 0 ? byte(dice) : 22, 3, 1, 0, 200)])],
      [1, () => Buffer.of(22, 3, 1, 0, 5, 1, 0, 0, 1, 3)],
      [1, () => Buffer.alloc(length(dice))],
    ])(),
  );
}

/** Salt Channel packets of a terminal that are none, on a session with the reader that is right. */
export function sessionScript(dice: Dice): Buffer[] {
  const start = Buffer.concat([
    connectionStart(),
    callStart(1, pathOf(ReaderService.method.session)),
  ]);
  const packets = Array.from({ length: dice.between(1, 5) }, () => {
    // Type and flags of the head: M2, M3, an AppPacket, and what no terminal sends.
    const head = Buffer.of(
      dice.happens(0.8) ? dice.between(0, 11) : byte(dice),
      dice.pick([0, 0x80, byte(dice)]),
    );
    const salt = Buffer.concat([head, garbage(dice, dice.pick([0, 36, 38, 118, length(dice)]))]);
    const request = create(SessionRequestSchema, { frame: { case: "salt", value: salt } });
    return dataFrame(1, lengthPrefixed(toBinary(SessionRequestSchema, request)), dice.happens(0.1));
  });
  return [start, ...packets];
}

const SMTP_LINES = [
  "EHLO x",
  "MAIL FROM:<a@b.example>",
  "RCPT TO:<c@d.example>",
  "DATA",
  ".",
  "RSET",
];

/** Commands to a mailbox in any order, with lines that are none. */
export function smtpScript(dice: Dice): Buffer[] {
  return Array.from({ length: dice.between(1, 8) }, () =>
    dice.happens(0.8)
      ? Buffer.from(`${dice.pick(SMTP_LINES)}${dice.pick(["\r\n", "\r\n", "\n", ""])}`)
      : garbage(dice, length(dice)),
  );
}

/** Protocol data units of SMPP (3.4, section 3.2): length, command, status, sequence, body. */
export function smppScript(dice: Dice): Buffer[] {
  return Array.from({ length: dice.between(1, 5) }, () => {
    const body = garbage(dice, dice.pick([0, 8, 30, 300]));
    const head = Buffer.alloc(16);
    const right = head.byteLength + body.byteLength;
    head.writeUInt32BE(dice.happens(0.8) ? right : dice.pick([0, 15, 2 ** 31, 2 ** 32 - 1]), 0);
    head.writeUInt32BE(dice.pick([1, 2, 4, 6, 9, 0x15, 0x80000004, 0xffff]), 4);
    head.writeUInt32BE(dice.between(0, 3), 12);
    return Buffer.concat([head, body]);
  });
}
