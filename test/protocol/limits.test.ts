import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { DEFAULT_LIMITS, http2Options } from "../../mesh/server/server-limits.ts";
import { SIGN_OF_LIFE_MS } from "../../mesh/stream/silence.ts";
import { CLOCK_TOLERANCE_MS } from "../../payment/clock-difference.ts";
import {
  CARD_BOX_BYTES,
  PIN_BOX_BYTES,
  READER_PAYMENT_BYTES_MAX,
  SUBMIT_WITHIN_MS,
} from "../../payment/payment-context.ts";
import { FRAME_BYTES_MAX as VERIFY_BYTES_MAX } from "../../processor/pin-service/verify-service.ts";
import { PIN_VERIFICATIONS_MAX } from "../../processor/pins/pin-client.ts";
import { FRAME_BYTES_MAX as PROCESS_BYTES_MAX } from "../../processor/processor.ts";
import { TAKEN_IDS_MAX } from "../../reader-sim/reader-store.ts";
import { RESEND_MARGIN_MS, STEP_MS_MAX } from "../../reader-sim/steps/payment-steps.ts";
import { PAYMENT_RATE } from "../../relay/intake/terminal-stream.ts";
import { MESSAGE_BYTES_MAX as RELAY_BYTES_MAX } from "../../relay/relay-service.ts";
import { delayMsMax, sessionMsMax } from "../../salt/times.ts";
import { cardDataBytesMax } from "../../sealing/boxes/card-box.ts";
import { MANIFEST_LIFE_MS } from "../../sealing/keys/manifest.ts";
import { FINISHED_MAX } from "../../terminal-client/journal/journal.ts";
import { END_MS_MAX } from "../../terminal-client/taking/payment-run.ts";
import { tableUnder, valuesUnder } from "./document-table.ts";
import { constantIn } from "./source-constant.ts";

const PAGE = "docs/protocol/limits.md";
const SESSION = "salt/session.ts";

test("docs/protocol/limits.md, messages", () => {
  const registration = constantIn("relay/registry/registry-service.ts", "REGISTRATION_BYTES_MAX");
  expect(constantIn("processor/registry/registry-service.ts", "REGISTRATION_BYTES_MAX")).toBe(
    registration,
  );
  const { maxHeaderListPairs = 0 } = http2Options(DEFAULT_LIMITS, 0, {
    isBulk: false,
    isShared: false,
  });
  expect(valuesUnder(PAGE, "Messages")).toEqual({
    "message to a relay": size(RELAY_BYTES_MAX),
    "message to any other server": size(DEFAULT_LIMITS.messageBytesMax),
    "frame of `Process`": size(PROCESS_BYTES_MAX),
    "frame of the PIN service's `Verify`": size(VERIFY_BYTES_MAX),
    "request of `RegisterReaders`, `RegisterTerminals`, `RegisterRelays`": size(registration),
    "`salt` of a reader session": size(constantIn(SESSION, "PACKET_BYTES_MAX")),
    "answer that cardlane's own clients accept": size(
      constantIn("mesh/client/channel-config.ts", "MESSAGE_BYTES_MAX"),
    ),
    "frame that cardlane's own clients accept": size(streamBytesMax()),
    "all headers of a request": size(DEFAULT_LIMITS.headerBytesMax),
    "headers of an HTTP/2 request, pseudo-headers included": String(maxHeaderListPairs),
  });
});

test("docs/protocol/limits.md, lengths inside messages", () => {
  expect(valuesUnder(PAGE, "Lengths inside messages")).toEqual({
    "`reader_payment`": `${READER_PAYMENT_BYTES_MAX} bytes`,
    "card box": `${CARD_BOX_BYTES} bytes, exactly`,
    "PIN box": `${PIN_BOX_BYTES} bytes, exactly, or empty`,
    "CardData, serialised": `${cardDataBytesMax} bytes`,
    "signatures of an envelope": count("sealing/keys/dsse.ts", "signaturesMax"),
    "keys of a manifest": count("sealing/keys/manifest.ts", "keysMax"),
    "revocations of a manifest": count("sealing/keys/manifest.ts", "revocationsMax"),
    "entries of a HopBox": count("processor/stream/process-stream.ts", "ENTRIES_MAX"),
    "entries of a PinBox": String(PIN_VERIFICATIONS_MAX),
  });
});

test("docs/protocol/limits.md, counts", () => {
  const registries = [
    "relay/registry/registry-service.ts",
    "processor/registry/registry-service.ts",
  ];
  expect(valuesUnder(PAGE, "Counts")).toEqual({
    "sessions of a reader": count("reader-sim/session/reader-service.ts", "SESSIONS_MAX"),
    "PIN retries of one presentation of a card": count(
      "reader-sim/steps/card-steps.ts",
      "PIN_RETRIES_MAX",
    ),
    "PINs that a terminal asks its till for, for one card": count(
      "terminal-client/taking/card-taking.ts",
      "CONFIRMATIONS_MAX",
    ),
    // The reader link gives itself to one conversation: terminal-client/running-terminal.test.ts.
    "payments under way at one terminal": "1",
    "open payments of a `Transact` stream": count(
      "relay/intake/terminal-stream.ts",
      "OPEN_PAYMENTS_MAX",
    ),
    "payments of a terminal, each second": String(PAYMENT_RATE.perSecond),
    "the same at once": String(PAYMENT_RATE.burst),
    "watchers of a relay instance": count("relay/queries/watch-places.ts", "WATCHES_MAX"),
    "of these, for operators alone": count(
      "relay/queries/watch-places.ts",
      "WATCHES_FOR_OPERATORS",
    ),
    "watches of one identity": count("relay/queries/watch-places.ts", "WATCHES_OF_ONE_MAX"),
    "boxes of a `Process` stream that are worked on": count(
      "processor/stream/process-stream.ts",
      "BOXES_MAX",
    ),
    "boxes of a `Verify` stream that are worked on": count(
      "processor/pin-service/verify-service.ts",
      "BOXES_MAX",
    ),
    "readers or terminals of one registration": String(sameIn(registries, "DEVICES_MAX")),
    "relays of one registration": count("processor/registry/registry-service.ts", "RELAYS_MAX"),
    "currencies of a terminal": String(sameIn(registries, "CURRENCIES_MAX")),
    "payment ids that a reader remembers": String(TAKEN_IDS_MAX),
    "finished payments that a terminal remembers": String(FINISHED_MAX),
  });
});

test("docs/protocol/limits.md, times", () => {
  const hello = (name: string) => time(constantIn("mesh/stream/hello.ts", name));
  const life = (name: string) => time(constantIn("mesh/stream/stream-life.ts", name));
  expect(constantIn("mesh/stream/stream-life.ts", "LIFE_JITTER")).toBe(0.1);
  expect(constantIn("mesh/stream/hello.ts", "HEARTBEAT_INTERVAL_MS")).toBe(SIGN_OF_LIFE_MS);
  expect(constantIn(SESSION, "HEARTBEAT_INTERVAL_MS")).toBe(SIGN_OF_LIFE_MS);
  expect(valuesUnder(PAGE, "Times")).toEqual({
    "handshake of a reader session, TerminalHello included": time(
      constantIn(SESSION, "HANDSHAKE_MS_MAX"),
    ),
    "delay of a packet in a session": time(delayMsMax),
    "life of a session": time(sessionMsMax),
    "sign of life on every stream of cardlane": time(SIGN_OF_LIFE_MS),
    "silence that is an end, in intervals of the other side": count(
      "mesh/stream/silence.ts",
      "SILENT_INTERVALS_MAX",
    ),
    "heartbeat interval that Hello may announce, from": hello("HEARTBEAT_INTERVAL_MS_MIN"),
    "heartbeat interval that Hello may announce, to": hello("HEARTBEAT_INTERVAL_MS_MAX"),
    "first Hello": life("HELLO_WITHIN_MS"),
    "life of a stream, one tenth more or less": life("LIFE_MS"),
    "answers after Drain": life("DRAIN_GRACE_MS"),
    "difference of two clocks": time(CLOCK_TOLERANCE_MS),
    "first submission, after `reader_time_ms`": time(SUBMIT_WITHIN_MS),
    "first forwarding, after `submit_before_ms`": time(
      constantIn("processor/authorization/acceptance.ts", "FORWARD_WITHIN_MS"),
    ),
    "deadline of a payment, from its record on": time(
      constantIn("relay/relay-options.ts", "DEADLINE_MS"),
    ),
    "repeat to a processor": time(constantIn("relay/forwarding/forwarder.ts", "REPEAT_AFTER_MS")),
    "result on a reader's display, after `processor_time_ms`": time(
      constantIn("processor/payments/entry-answer.ts", "VALID_MS"),
    ),
    "signed bytes at a reader, after `submit_before_ms`": time(RESEND_MARGIN_MS),
    "life of a manifest": time(MANIFEST_LIFE_MS),
    "unary call, whatever its caller grants": time(DEFAULT_LIMITS.callMsMax),
    "unary call of cardlane's own clients": time(
      constantIn("mesh/client/dial.ts", "CALL_TIMEOUT_MS"),
    ),
    "request of a call, until it has arrived": time(DEFAULT_LIMITS.requestMsMax),
  });
});

test("docs/protocol/limits.md, pages", () => {
  const file = "mesh/list-request.ts";
  const [usual, most] = [count(file, "PAGE_SIZE_DEFAULT"), count(file, "PAGE_SIZE_MAX")];
  expect(tableUnder(PAGE, "Pages")).toEqual([
    ["`ListPayments`, `page_size`", usual, most],
    ["`ListNotifications`, `page_size`", usual, most],
    ["`ListReversals`, `limit`", usual, most],
    ["records in a message of `StreamRecords`, payments in one of `StreamPayments`", "", most],
  ]);
});

test("docs/protocol/session.md gives the time of each step", () => {
  const times = tableUnder("docs/protocol/session.md", "What a reader accepts when");
  expect(times.map(([step, , atMost]) => [step, atMost])).toEqual([
    ["idle", ""],
    ["awaiting a card", time(STEP_MS_MAX.AWAITING_CARD)],
    ["awaiting confirmation", time(STEP_MS_MAX.AWAITING_CONFIRM)],
    ["awaiting the PIN on its keys", time(STEP_MS_MAX.AWAITING_PIN)],
    ["awaiting the result, from the signature on", time(STEP_MS_MAX.AWAITING_RESULT)],
  ]);
});

test("docs/protocol/streams.md adds up how long Pay may take", () => {
  const phases = {
    "an id of the till's that the journal does not know: wait for a relay": constantIn(
      "terminal-client/settling/forgotten-payments.ts",
      "READY_MS_MAX",
    ),
    "the same: the relay's word on it": constantIn(
      "terminal-client/settling/forgotten-payments.ts",
      "ASK_MS_MAX",
    ),
    "wait for reader, relay and manifest": constantIn(
      "terminal-client/running-terminal.ts",
      "READY_MS_MAX",
    ),
    "wait for a card": STEP_MS_MAX.AWAITING_CARD,
    "wait for the confirmation": STEP_MS_MAX.AWAITING_CONFIRM,
    "wait for the PIN on the reader": STEP_MS_MAX.AWAITING_PIN,
    "wait for the answer, then UNKNOWN": constantIn(
      "terminal-client/terminal-parts.ts",
      "ANSWER_MS_MAX",
    ),
  };
  const totalMs = Object.values(phases).reduce((sum, ms) => sum + ms, 0);
  expect(tableUnder("docs/protocol/streams.md", "How long Pay may take")).toEqual([
    ...Object.entries(phases).map(([phase, ms]) => [phase, seconds(ms)]),
    ["all together", seconds(totalMs)],
  ]);
  const page = readFileSync("docs/protocol/streams.md", "utf8");
  expect(page).toContain(`is reported within ${seconds(END_MS_MAX)} of that`);
});

test("docs/protocol/payment.md gives the limit of a tap without PIN", () => {
  const units = constantIn("payment/test-cards.ts", "TAP_WITHOUT_PIN_MAX");
  const page = readFileSync("docs/protocol/payment.md", "utf8");
  expect(page).toContain(`ONLINE_PIN above ${units} whole units of the currency`);
});

/** The one value that a constant has in all of these files. */
function sameIn(paths: readonly string[], name: string): number {
  const values = new Set(paths.map((path) => constantIn(path, name)));
  const [value, another] = values;
  if (value === undefined || another !== undefined) {
    throw new Error(
      `${name} must be the same in ${paths.join(", ")}, got ${[...values].join(", ")}`,
    );
  }
  return value;
}

/** What one frame of a stream may have at a client. */
function streamBytesMax(): number {
  const text = /STREAM_LIMITS: FrameLimits = \{\n {2}messageBytesMax: ([\d_]+),/.exec(
    readFileSync("mesh/client/dial.ts", "utf8"),
  )?.[1];
  return Number((text ?? "").replaceAll("_", ""));
}

function count(path: string, name: string): string {
  return String(constantIn(path, name));
}

/** 1_049_600 → "1 MiB and 1 KiB" */
function size(bytes: number): string {
  const mebibytes = Math.floor(bytes / 1_048_576);
  const kibibytes = (bytes % 1_048_576) / 1_024;
  // 257 KiB is told as what it is made of: the box, and room for the frame around it.
  if (mebibytes === 0 && kibibytes > 256) return `256 KiB and ${kibibytes - 256} KiB`;
  const parts = [mebibytes && `${mebibytes} MiB`, kibibytes && `${kibibytes} KiB`];
  return parts.filter(Boolean).join(" and ");
}

/** 600_000 → "10 min"; up to 300 s in seconds. */
function time(ms: number): string {
  if (ms % 86_400_000 === 0 && ms > 86_400_000) return `${ms / 86_400_000} d`;
  if (ms % 3_600_000 === 0) return `${ms / 3_600_000} h`;
  if (ms > 300_000 && ms % 60_000 === 0) return `${ms / 60_000} min`;
  return seconds(ms);
}

function seconds(ms: number): string {
  return `${ms / 1_000} s`;
}
