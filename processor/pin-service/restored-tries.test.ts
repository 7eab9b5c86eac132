import pg from "pg";
import { afterAll, expect, test } from "vitest";
import { systemClock } from "../../mesh/clock.ts";
import { silentLog } from "../../mesh/log.ts";
import { type MemoryFiles, memoryFiles } from "../../mesh/testing/memory-files.ts";
import { noTelemetry } from "../../mesh/tracing/telemetry.ts";
import { parseReaderPayment } from "../../payment/payment-context.ts";
import { nodeCurves } from "../../sealing/curves/node-curves.ts";
import { TestKeys } from "../../test/fixtures/keys.ts";
import { PaymentSigner } from "../../test/fixtures/reader-payment.ts";
import { freshDatabase } from "../../test/setup/database.ts";
import { Database } from "../database.ts";
import { readPinKeys } from "./pin-keys.ts";
import { pinOversightService } from "./pin-oversight.ts";
import { putTestPins } from "./pin-service.ts";
import { PinStore } from "./pin-store.ts";
import { type PinCheck, PinVerifier } from "./pin-verifier.ts";
import { Reminder } from "./reminder.ts";
import { TryJournal } from "./try-journal.ts";

const stack = new AsyncDisposableStack();
const keys = stack.use(new TestKeys({ nowMs: systemClock.nowMs() }));
const signer = new PaymentSigner({ keys, nowMs: () => systemClock.nowMs() });
const pinKeys = readPinKeys(keys.folder("pin-service"), nodeCurves);
const span = noTelemetry.spanOf(undefined, "pin.verify", "server");

afterAll(() => stack.disposeAsync());

/** What the PIN service has in PostgreSQL at this moment, restored into another database. */
async function restoredFrom(url: string): Promise<string> {
  const { url: restored } = stack.use(await freshDatabase("processor"));
  const [from, to] = [new pg.Client(url), new pg.Client(restored)];
  await Promise.all([from.connect(), to.connect()]);
  for (const table of ["pin.card", "pin.verdict"]) {
    const { rows } = await from.query(`SELECT json_agg(dumped) AS dump FROM ${table} AS dumped`);
    const dump = JSON.stringify(rows[0]?.dump ?? []);
    const text = `INSERT INTO ${table} SELECT * FROM json_populate_recordset(NULL::${table}, $1)`;
    await to.query(text, [dump]);
  }
  await Promise.all([from.end(), to.end()]);
  return restored;
}

/** A database that knows the test cards' PINs. */
async function ledger() {
  const { url } = stack.use(await freshDatabase("processor"));
  await putTestPins(new PinStore(stack.use(new Database({ url, program: "test" }))), pinKeys);
  return url;
}

interface Service {
  says(pin: string): Promise<string>;
  /** As at each new connection to the database. */
  readonly reminder: Reminder;
  unlock(paymentId: string): Promise<void>;
}

/** A PIN service with its own disk, on a database. */
async function serviceOn(url: string, files: MemoryFiles): Promise<Service> {
  const store = new PinStore(stack.use(new Database({ url, program: "test" })));
  const journal = await TryJournal.open(files, silentLog);
  const parts = { keys: pinKeys, store, journal, clock: systemClock };
  const around = { log: silentLog, telemetry: noTelemetry };
  const verifier = new PinVerifier({ ...parts, ...around });
  const { methods } = pinOversightService({ store, journal });
  return {
    async says(pin) {
      const { verdict, triesLeft } = await verifier.verify(checkOf(pin), span);
      return `${verdict} ${triesLeft}`;
    },
    reminder: new Reminder({ store, journal, log: silentLog }),
    async unlock(paymentId) {
      const unlock = methods.unlockCard as (request: { paymentId: string }) => Promise<unknown>;
      await unlock({ paymentId });
    },
  };
}

let lastPaymentId = "";

function checkOf(pin: string): PinCheck {
  const payment = signer.sign({ pin });
  lastPaymentId = payment.paymentId;
  const { contextBytes, pinBox } = parseReaderPayment(payment.signed.readerPayment);
  return {
    context: contextBytes,
    pinBox,
    pan: "4242424242424242",
    digest: payment.digest,
    dukptInitialKeyId: keys.reader.dukptInitialKeyId,
  };
}

async function inTurn(service: Service, pins: readonly string[]): Promise<readonly string[]> {
  const said: string[] = [];
  for (const pin of pins) said.push(await service.says(pin));
  return said;
}

const WRONG = "9999";
const RIGHT = "1234";

test("a card that was locked stays so on a database restored to the time before", async () => {
  const url = await ledger();
  const files = memoryFiles();
  const restored = await restoredFrom(url);
  const before = await serviceOn(url, files);
  expect(await inTurn(before, [WRONG, WRONG, WRONG])).toEqual(["WRONG 2", "WRONG 1", "WRONG 0"]);
  const after = await serviceOn(restored, files);
  expect(await inTurn(after, [RIGHT, WRONG])).toEqual(["TRIES_EXCEEDED 0", "TRIES_EXCEEDED 0"]);
});

test("a restore between two wrong PINs gives back none of them, and a right PIN all", async () => {
  const url = await ledger();
  const files = memoryFiles();
  const before = await serviceOn(url, files);
  expect(await inTurn(before, [WRONG])).toEqual(["WRONG 2"]);
  const restored = await restoredFrom(url);
  expect(await inTurn(before, [WRONG])).toEqual(["WRONG 1"]);
  const after = await serviceOn(restored, files);
  expect(await inTurn(after, [RIGHT, WRONG, RIGHT])).toEqual([
    "VERIFIED 3",
    "WRONG 2",
    "VERIFIED 3",
  ]);
});

test("what the database knows of and went on from counts no more", async () => {
  const url = await ledger();
  const [one, other] = [await serviceOn(url, memoryFiles()), await serviceOn(url, memoryFiles())];
  expect(await inTurn(one, [WRONG, WRONG])).toEqual(["WRONG 2", "WRONG 1"]);
  expect(await inTurn(other, [RIGHT])).toEqual(["VERIFIED 3"]);
  await one.reminder.remind();
  expect(await inTurn(one, [WRONG])).toEqual(["WRONG 2"]);
});

test("with two instances the locks of both come together in the restored database", async () => {
  const url = await ledger();
  const restored = await restoredFrom(url);
  const files = [memoryFiles(), memoryFiles()] as const;
  const one = await serviceOn(url, files[0]);
  const other = await serviceOn(url, files[1]);
  expect(await inTurn(one, [WRONG])).toEqual(["WRONG 2"]);
  expect(await inTurn(other, [WRONG])).toEqual(["WRONG 1"]);
  const again = [await serviceOn(restored, files[0]), await serviceOn(restored, files[1])] as const;
  await again[1].reminder.remind();
  expect(await inTurn(again[0], [WRONG, RIGHT])).toEqual(["WRONG 0", "TRIES_EXCEEDED 0"]);
});

test("an operator's word unlocks a card in both", async () => {
  const url = await ledger();
  const files = memoryFiles();
  const restored = await restoredFrom(url);
  const before = await serviceOn(url, files);
  await inTurn(before, [WRONG, WRONG, WRONG]);
  await before.unlock(lastPaymentId);
  expect(await inTurn(before, [RIGHT])).toEqual(["VERIFIED 3"]);
  const after = await serviceOn(restored, files.crash());
  expect(await inTurn(after, [WRONG])).toEqual(["WRONG 2"]);
  const unknown = await after.unlock("01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6a").catch(String);
  expect(unknown).toContain("no PIN of this payment was judged here");
});
