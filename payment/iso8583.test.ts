import { expect, test } from "vitest";
import { EntryMode, PaymentKind } from "../gen/cardlane/payment/v1/payment_pb.ts";
import {
  localTime,
  messageTypeOf,
  posEntryMode,
  reversalMessageType,
  traceNumberOf,
} from "./iso8583.ts";

test.each([
  { kind: "SALE", isRepeat: false, type: 200 },
  { kind: "SALE", isRepeat: true, type: 201 },
  { kind: "AUTHORIZATION", isRepeat: false, type: 100 },
  { kind: "CAPTURE", isRepeat: true, type: 221 },
  { kind: "VOID", isRepeat: false, type: 400 },
] as const)("message type of a $kind, repeated: $isRepeat", ({ kind, isRepeat, type }) => {
  expect(messageTypeOf(PaymentKind[kind], isRepeat)).toBe(type);
});

test("a repeated reversal ends in 1", () => {
  expect([reversalMessageType(false), reversalMessageType(true)]).toEqual([400, 401]);
});

test.each([
  ["CHIP", "051"],
  ["CONTACTLESS", "071"],
  ["MAGSTRIPE", "901"],
  ["FALLBACK", "801"],
] as const)("%s is POS entry mode %s", (entryMode, code) => {
  expect(posEntryMode(EntryMode[entryMode])).toBe(code);
});

test.each([
  { counter: 1n, trace: 1 },
  { counter: 999_999n, trace: 999_999 },
  { counter: 1_000_000n, trace: 1 },
  { counter: 9_223_372_036_854_775_807n, trace: 36_043 },
])("trace number of counter $counter is $trace", ({ counter, trace }) => {
  expect(traceNumberOf(counter)).toBe(trace);
});

test("local time follows the zone over midnight", () => {
  const timeMs = Date.UTC(2026, 10, 22, 23, 30, 5);
  expect(localTime(timeMs, "Europe/Berlin")).toBe("20261123003005");
  expect(localTime(timeMs, "UTC")).toBe("20261122233005");
  expect(localTime(timeMs, "Asia/Kathmandu")).toBe("20261123051505");
});

test("local time goes on within a minute, into the next one, and back", () => {
  const startMs = Date.UTC(2026, 2, 29, 0, 59, 58);
  const times = [0, 999, 1_000, 2_000, 62_000, 0].map((laterMs) =>
    localTime(startMs + laterMs, "Europe/Berlin"),
  );
  // Berlin's clocks went from 2 to 3 that night.
  expect(times).toEqual([
    "20260329015958",
    "20260329015958",
    "20260329015959",
    "20260329030000",
    "20260329030100",
    "20260329015958",
  ]);
});
