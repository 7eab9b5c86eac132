import { expect, test } from "vitest";
import { PaymentError } from "../payment/errors.ts";
import { createLog, type LogFields, type LogLevel } from "./log.ts";
import { ManualClock } from "./testing/manual-clock.ts";

function captured(level: LogLevel = "info") {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const clock = new ManualClock();
  const log = createLog({ program: "relay", instance: "relay-A1" }, clock, level, destination);
  return { log, lines, clock, parsed: () => lines.map((line) => JSON.parse(line)) };
}

test("a line is JSON with time, level, program and fields", () => {
  const { log, parsed } = captured();
  log.info("payment recorded", { recordNumber: "A1B2C3D4E5F6", durationMs: 3, count: 2n });
  expect(parsed()).toEqual([
    {
      level: "info",
      time: "2026-01-01T00:00:00.000Z",
      program: "relay",
      instance: "relay-A1",
      record_number: "A1B2C3D4E5F6",
      duration_ms: 3,
      count: "2",
      message: "payment recorded",
    },
  ]);
});

test("a field that is not on the list is dropped", () => {
  const { log, lines } = captured();
  log.info("x", { pan: "4242424242424242", toString: "4242" } as unknown as LogFields);
  expect(lines.join()).not.toContain("4242");
});

test("a long value is cut", () => {
  const { log, parsed } = captured();
  log.info("x", { method: "m".repeat(1_000) });
  expect(parsed()[0].method).toHaveLength(200);
});

test("traceparent becomes trace_id and span_id", () => {
  const { log, parsed } = captured();
  log.info("x", { traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01` });
  expect(parsed()[0]).toMatchObject({ trace_id: "a".repeat(32), span_id: "b".repeat(16) });
});

test.each([
  { error: new TypeError("4242424242424242"), name: "TypeError", code: undefined },
  { error: Object.assign(new Error("4242"), { code: "ECONNREFUSED" }), code: "ECONNREFUSED" },
  { error: Object.assign(new Error("4242"), { code: "42 42" }), code: undefined },
  { error: new PaymentError("OVERLOADED", "4242"), name: "PaymentError", code: "OVERLOADED" },
  { error: "4242", name: "string", code: undefined },
])("an unknown error shows its class and code, not its text", ({ error, name = "Error", code }) => {
  const { log, lines, parsed } = captured();
  log.failure("it failed", error);
  expect(parsed()).toMatchObject([{ level: "error", message: "it failed", error_name: name }]);
  expect(parsed()[0].error_code).toBe(code);
  expect(lines.join()).not.toContain("4242");
});

test("at level debug the stack is there", () => {
  const { log, lines } = captured("debug");
  log.failure("it failed", new Error("what happened"));
  expect(lines.join()).toContain("what happened");
});

test("below its level nothing is written", () => {
  const { log, lines } = captured("warn");
  log.debug("x");
  log.info("x");
  expect(lines).toEqual([]);
});

test("security events stand above every level, so many of each kind", async () => {
  const { log, parsed, clock } = captured("error");
  for (let place = 0; place < 13; place += 1) {
    log.security("policy_refused", "call refused", { peerIdentity: `spiffe://x/${place}` });
  }
  log.security("pin_locked", "a card has no PIN tries left");
  expect(parsed()).toHaveLength(11);
  expect(parsed()[0]).toMatchObject({
    level: "security",
    event: "policy_refused",
    peer_identity: "spiffe://x/0",
    count: 1,
  });
  expect(parsed()[10]).toMatchObject({ event: "pin_locked", count: 1 });
  await clock.advance(10_000);
  // What callers counted themselves counts as often.
  log.security("policy_refused", "call refused", { count: 5 });
  expect(parsed()[11]).toMatchObject({ count: 3 + 5 });
});

test("a log that is silent has no security events", () => {
  const { log, lines } = captured("silent");
  log.security("pin_locked", "a card has no PIN tries left");
  expect(lines).toEqual([]);
});
