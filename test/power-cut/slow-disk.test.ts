import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import type { DurableFiles } from "../../mesh/disk/durable-files.ts";
import { silentLog } from "../../mesh/log.ts";
import { memoryFiles } from "../../mesh/testing/memory-files.ts";
import type { MerchantId } from "../../payment/identifiers.ts";
import { currencyFromLetters } from "../../payment/money.ts";
import { parseReaderPayment } from "../../payment/payment-context.ts";
import { ReaderStore } from "../../reader-sim/reader-store.ts";
import { DukptRegister } from "../../sealing/pin/dukpt.ts";
import { Journal } from "../../terminal-client/journal/journal.ts";
import { saleOf } from "../../terminal-client/payment-request.ts";
import { TestKeys } from "../fixtures/keys.ts";
import { PaymentSigner } from "../fixtures/reader-payment.ts";

const OWNER = { merchantId: "LAKESHOP0000001", terminalId: "TILL0001" };
const NOW_MS = 1_780_000_000_000;

/** Files whose changes are on the disk when somebody says so. */
class SlowFiles implements DurableFiles {
  readonly #files = memoryFiles();
  readonly #synced = Promise.withResolvers<void>();
  readonly memory = "whole";
  isSlow = false;

  sync(): void {
    this.#synced.resolve();
  }

  async write(name: string, bytes: Uint8Array): Promise<void> {
    if (this.isSlow) await this.#synced.promise;
    await this.#files.write(name, bytes);
  }

  overwrite(name: string, bytes: Uint8Array): Promise<void> {
    return this.write(name, bytes);
  }

  read(name: string): Promise<Uint8Array | undefined> {
    return this.#files.read(name);
  }

  list(prefix: string): Promise<readonly string[]> {
    return this.#files.list(prefix);
  }

  remove(name: string): Promise<void> {
    return this.#files.remove(name);
  }

  erase(name: string): Promise<void> {
    return this.remove(name);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#files[Symbol.asyncDispose]();
  }
}

/** A step of a device that relies on what it has stored. */
interface Step {
  readonly what: string;
  open(files: DurableFiles): Promise<() => Promise<unknown>>;
}

const STEPS: readonly Step[] = [
  readerStep("takes a counter", (store, { id }) => store.takeCounter(id)),
  readerStep("takes a PIN key", (store) => store.takePinKey()),
  readerStep("keeps signed bytes", (store, { id, signed }) => store.keep(id, signed)),
  readerStep("pairs", (store) => store.pairWith("CORNERCOFFEE001" as MerchantId)),
  {
    what: "a terminal goes on with a payment",
    async open(files) {
      const journal = await Journal.open({ files, owner: OWNER, finishedMax: 1, log: silentLog });
      const request = saleOf(1_250n, currencyFromLetters("EUR"));
      const { id } = signedPayment();
      const entry = { paymentId: id, request, startedAtMs: NOW_MS, traceparent: "" };
      return () => journal.write(entry);
    },
  },
];

test.each(STEPS)("$what only once its disk has it", async ({ open }) => {
  await using files = new SlowFiles();
  const take = await open(files);
  files.isSlow = true;
  let isTaken = false;
  const taken = take().then(() => {
    isTaken = true;
  });
  await nextTurn();
  expect(isTaken).toBe(false);
  files.sync();
  await taken;
  expect(isTaken).toBe(true);
});

function readerStep(
  what: string,
  take: (store: ReaderStore, payment: ReturnType<typeof signedPayment>) => Promise<unknown>,
): Step {
  return {
    what: `a reader ${what}`,
    async open(files) {
      const register = () => DukptRegister.load(new Uint8Array(8), new Uint8Array(16).fill(1));
      const store = await ReaderStore.open({
        files,
        newRegister: register,
        takenIdsMax: 1,
        log: silentLog,
      });
      const payment = signedPayment();
      return () => take(store, payment);
    },
  };
}

function signedPayment() {
  using keys = new TestKeys({ nowMs: NOW_MS });
  const { signed } = new PaymentSigner({ keys, nowMs: () => NOW_MS }).sign();
  return { signed, id: parseReaderPayment(signed.readerPayment).context.paymentId };
}
