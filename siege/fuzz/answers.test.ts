import { setImmediate as nextTurn } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Dice } from "../../chaos/dice.ts";
import { RelayService } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { dial } from "../../mesh/client/dial.ts";
import { systemClock } from "../../mesh/clock.ts";
import { AnsweringServer, type ScriptedAnswer } from "../wire/answering-server.ts";
import { anyAnswer, KNOWN_ANSWERS } from "./answer-script.ts";

const SEED = "answers 1";
const ANSWERS = 150;
/** Of a call to whom nobody answers. */
const TIMEOUT_MS = 150;

/** What would have ended the program that had dialled. */
const uncaught: unknown[] = [];
const note = (error: unknown) => void uncaught.push(error);

beforeAll(() => {
  process.on("uncaughtException", note);
  process.on("unhandledRejection", note);
});

afterAll(() => {
  process.off("uncaughtException", note);
  process.off("unhandledRejection", note);
});

test.each(KNOWN_ANSWERS)("a stream and a call that get $name fail, and no more", async (answer) => {
  const ends = await dialled(answer);
  expect(uncaught.splice(0)).toEqual([]);
  expect(ends).toEqual({ stream: "ended", call: "failed", watch: "failed" });
});

test(`no answer of any server ends who dials it (seed "${SEED}")`, async () => {
  for (let number = 0; number < ANSWERS; number += 1) {
    const ends = await dialled(anyAnswer(new Dice(`${SEED} ${number}`)));
    const found = { number, uncaught: uncaught.splice(0), ...ends };
    expect(found).toMatchObject({ number, uncaught: [] });
  }
});

/** Dials as programs do: a stream of frames, a unary call, a server's stream. */
async function dialled(answer: ScriptedAnswer) {
  await using server = await AnsweringServer.listen(() => answer);
  using channel = dial({
    targets: [server.address],
    services: [RelayService],
    clock: systemClock,
    timeoutMs: TIMEOUT_MS,
  });
  const stream = channel.openStream(RelayService.method.transact);
  stream.onFrame(() => undefined);
  const ended = new Promise<void>((resolve) => stream.onEnd(() => resolve()));
  const calls = channel.client(RelayService);
  const [call, watch] = await Promise.all([
    outcomeOf(calls.getPayment({})),
    outcomeOf(drained(calls.watchPayments({}, { timeoutMs: TIMEOUT_MS }))),
  ]);
  stream.end();
  const patience = AbortSignal.timeout(TIMEOUT_MS);
  const waited = new Promise<void>((resolve) => {
    patience.addEventListener("abort", () => resolve());
  });
  const end = await Promise.race([ended.then(() => "ended"), waited.then(() => "open")]);
  // What the last frames raise comes in a turn of its own.
  await nextTurn();
  return { stream: end, call, watch };
}

async function outcomeOf(work: Promise<unknown>): Promise<"answered" | "failed"> {
  return await work.then(
    () => "answered",
    () => "failed",
  );
}

async function drained(messages: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of messages);
}
