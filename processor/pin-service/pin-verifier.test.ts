import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../mesh/clock.ts";
import { type Log, silentLog } from "../../mesh/log.ts";
import { memoryFiles } from "../../mesh/testing/memory-files.ts";
import { noTelemetry } from "../../mesh/tracing/telemetry.ts";
import { parseReaderPayment } from "../../payment/payment-context.ts";
import { nodeCurves } from "../../sealing/curves/node-curves.ts";
import { withOneBitFlipped } from "../../sealing/testing/one-bit-flipped.ts";
import { TestKeys } from "../../test/fixtures/keys.ts";
import { PaymentSigner, type PaymentWishes } from "../../test/fixtures/reader-payment.ts";
import { freshDatabase } from "../../test/setup/database.ts";
import { Database } from "../database.ts";
import { readPinKeys } from "./pin-keys.ts";
import { putTestPins } from "./pin-service.ts";
import { PinStore } from "./pin-store.ts";
import { type PinCheck, PinVerifier } from "./pin-verifier.ts";
import { TryJournal } from "./try-journal.ts";

const stack = new AsyncDisposableStack();
const keys = stack.use(new TestKeys({ nowMs: systemClock.nowMs() }));
const signer = new PaymentSigner({ keys, nowMs: () => systemClock.nowMs() });
let verifier: PinVerifier;
/** Security events. */
const told: string[] = [];

beforeAll(async () => {
  const { url } = stack.use(await freshDatabase("processor"));
  const store = new PinStore(stack.use(new Database({ url, program: "test" })));
  const pinKeys = readPinKeys(keys.folder("pin-service"), nodeCurves);
  await putTestPins(store, pinKeys);
  const journal = await TryJournal.open(memoryFiles(), silentLog);
  const log: Log = {
    ...silentLog,
    security: (event, _, { reason } = {}) => told.push([event, reason].filter(Boolean).join(" ")),
  };
  const surroundings = { clock: systemClock, log, telemetry: noTelemetry };
  verifier = new PinVerifier({ keys: pinKeys, store, journal, ...surroundings });
});
afterAll(() => stack.disposeAsync());

const span = noTelemetry.spanOf(undefined, "pin.verify", "server");
const VISA = "4242424242424242";

/** What a processor would ask about a payment. */
function checkOf(wishes: PaymentWishes = {}, pan = VISA): PinCheck {
  const payment = signer.sign(wishes);
  const { contextBytes, pinBox } = parseReaderPayment(payment.signed.readerPayment);
  return {
    context: contextBytes,
    pinBox,
    pan,
    digest: payment.digest,
    dukptInitialKeyId: keys.reader.dukptInitialKeyId,
  };
}

const verdictOf = async (check: PinCheck) => (await verifier.verify(check, span)).verdict;

test("says whether a PIN is right", async () => {
  expect(await verdictOf(checkOf())).toBe("VERIFIED");
  expect(await verdictOf(checkOf({ pin: "1235" }))).toBe("WRONG");
  expect(await verdictOf(checkOf({ pin: "12345" }))).toBe("WRONG");
  expect(await verdictOf(checkOf())).toBe("VERIFIED");
});

test("knows PINs of four to twelve digits", async () => {
  expect(await verdictOf(checkOf({ card: "canary" }, "4242421973508862"))).toBe("VERIFIED");
});

test.each<{ name: string; change: (check: PinCheck) => Partial<PinCheck> }>([
  { name: "a PIN for another card", change: () => ({ pan: "5555555555554444" }) },
  { name: "a card number that is none", change: () => ({ pan: "4242424242424241" }) },
  { name: "another payment's context", change: () => ({ context: checkOf().context }) },
  { name: "another reader's key", change: () => ({ dukptInitialKeyId: new Uint8Array(8) }) },
  { name: "an empty box", change: () => ({ pinBox: new Uint8Array() }) },
  { name: "a context that is none", change: () => ({ context: Uint8Array.of(1, 2, 3) }) },
  { name: "a digest of a wrong length", change: () => ({ digest: new Uint8Array(63) }) },
  {
    name: "a card that has no PIN here",
    change: () => checkOf({ cardData: { pan: "4111111111111111" } }, "4111111111111111"),
  },
])("refuses $name, and counts nothing", async ({ change }) => {
  const check = checkOf();
  expect(await verifier.verify({ ...check, ...change(check) }, span)).toEqual({
    verdict: "REFUSED",
    triesLeft: 0,
  });
  expect(await verifier.verify(checkOf({ pin: "9999" }), span)).toEqual({
    verdict: "WRONG",
    triesLeft: 2,
  });
  expect(await verdictOf(checkOf())).toBe("VERIFIED");
});

test("refuses a box with one bit changed, whichever it is", async () => {
  const check = checkOf();
  const verdicts = await Promise.all(
    withOneBitFlipped(check.pinBox).map((pinBox) => verdictOf({ ...check, pinBox })),
  );
  expect(new Set(verdicts)).toEqual(new Set(["REFUSED"]));
});

test("what may be an attack is a security event, with the reason that no answer says", async () => {
  told.splice(0);
  const check = checkOf();
  await verdictOf({ ...check, pan: "5555555555554444" });
  await verdictOf({ ...check, pinBox: new Uint8Array(176) });
  for (let wrong = 0; wrong < 4; wrong += 1) await verdictOf(checkOf({ pin: "9999" }));
  expect(told).toEqual([
    "sealed_data_rejected PIN block",
    "sealed_data_rejected shared key",
    "pin_locked",
  ]);
});
