import { expect, test } from "vitest";
import { createLog } from "../../mesh/log.ts";
import { ManualClock } from "../../mesh/testing/manual-clock.ts";
import { noTelemetry, type Telemetry } from "../../mesh/tracing/telemetry.ts";
import { PaymentError } from "../../payment/errors.ts";
import { parseMerchantId, parsePaymentId, parseRelayId } from "../../payment/identifiers.ts";
import { newRecordNumber } from "../../payment/record-number.ts";
import { relayAround } from "../testing/relay-around.ts";
import { Completer, neverTaken } from "./completer.ts";

const RECORDS_MAX = 3;

/** A completer whose database answers as the test says; what it logged, how its spans ended. */
function startedCompleter() {
  const lines: string[] = [];
  const clock = new ManualClock();
  const spanEnds: string[] = [];
  const bench = { failure: undefined as Error | undefined, attempts: 0, clock, lines, spanEnds };
  const recordStatement: Telemetry["recordStatement"] = (_spans, { operation, rows }) => ({
    end: (errorType = "OK") => void spanEnds.push(`${operation} of ${rows}: ${errorType}`),
  });
  const log = createLog({ program: "relay", instance: "test" }, clock, "info", {
    write: (line) => void lines.push(sentenceOf(line)),
  });
  const store: ConstructorParameters<typeof Completer>[0] = {
    complete: async (endings) => {
      bench.attempts += 1;
      if (bench.failure !== undefined) throw bench.failure;
      return new Map(endings.map(({ recordNumber, revision }) => [recordNumber, revision]));
    },
  };
  const around = relayAround(clock, { log, telemetry: { ...noTelemetry, recordStatement } });
  const acknowledgements = {
    isOpen: true,
    open: async () => undefined,
    expect: () => 1,
    committed: () => undefined,
  };
  const completer = new Completer(store, acknowledgements, { tell: () => undefined }, around);
  const completing = () =>
    Array.from({ length: RECORDS_MAX }, (_, index) => completer.complete(endingOf(index)));
  return { ...bench, bench, completing };
}

function sentenceOf(line: string): string {
  const { message, count } = JSON.parse(line);
  return count === undefined ? message : `${message}: ${count}`;
}

function endingOf(index: number) {
  const outcome = {
    recordNumber: newRecordNumber(parseRelayId("A1"), 0, new Uint8Array(5).fill(index)),
    merchantId: parseMerchantId("CORNERCOFFEE001"),
    paymentId: parsePaymentId(`01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6${index}`),
    state: "FORWARDED" as const,
    responseCode: "",
    result: undefined,
    faultCode: undefined,
  };
  return neverTaken(outcome, "DUPLICATE_DIFFERS");
}

test("an outage of the database is told once, and its end with what it held up", async () => {
  const { bench, completing, clock, lines } = startedCompleter();
  bench.failure = new PaymentError("STORE_NOT_REACHED", "gone");
  const completed = completing();
  for (let tries = 0; tries < 20; tries += 1) await clock.advance(500);
  expect(bench.attempts).toBeGreaterThan(20);
  expect(lines).toEqual(["outcomes cannot be committed and are kept"]);
  bench.failure = undefined;
  await clock.advance(1_000);
  await Promise.all(completed);
  expect(lines).toEqual([
    "outcomes cannot be committed and are kept",
    `outcomes are committed again: ${RECORDS_MAX}`,
  ]);
});

test("an outcome that can never be committed is named", async () => {
  const { bench, completing, lines } = startedCompleter();
  bench.failure = new Error("no such column");
  await Promise.all(completing());
  expect(lines).toEqual(Array(RECORDS_MAX).fill("an outcome could not be committed"));
});

test("the span of a failed statement ends with why it failed", async () => {
  const { bench, completing, clock, spanEnds } = startedCompleter();
  bench.failure = new PaymentError("STORE_NOT_REACHED", "gone");
  const completed = completing();
  await clock.advance(0);
  expect(spanEnds).toEqual([`UPDATE of ${RECORDS_MAX}: STORE_NOT_REACHED`]);
  bench.failure = undefined;
  await clock.advance(1_000);
  await Promise.all(completed);
  expect(spanEnds.at(-1)).toMatch(/: OK$/);
});

test("so does that of one that can never succeed", async () => {
  const { bench, completing, spanEnds } = startedCompleter();
  bench.failure = new Error("no such column");
  await Promise.all(completing());
  expect(spanEnds[0]).toBe(`UPDATE of ${RECORDS_MAX}: INTERNAL`);
  expect(spanEnds.filter((end) => end.endsWith("OK"))).toEqual([]);
});
