import { Code } from "@connectrpc/connect";
import { afterEach, expect, test, vi } from "vitest";
import { EntryMode } from "../gen/cardlane/payment/v1/payment_pb.ts";
import { ReaderControlService, ShownOutcome } from "../gen/cardlane/reader/v1/reader_pb.ts";
import { dial } from "../mesh/client/dial.ts";
import { silentLog } from "../mesh/log.ts";
import { serve } from "../mesh/server/serve.ts";
import { TEST_CARDS } from "../payment/test-cards.ts";
import { prepareOf, ReaderBench } from "../test/fixtures/reader-bench.ts";

afterEach(() => void vi.unstubAllEnvs());

/** A reader's control service behind a real socket. */
async function startControl() {
  const stack = new AsyncDisposableStack();
  const bench = stack.use(await ReaderBench.start());
  const { clock, opened } = bench;
  const listen = "127.0.0.1:0";
  const server = stack.use(
    await serve({ listen, services: opened.services, clock, log: silentLog }),
  );
  const channel = stack.use(
    dial({ targets: [server.address], services: [ReaderControlService], clock }),
  );
  const control = channel.client(ReaderControlService);
  return { bench, control, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

test("hands and cards over gRPC: present, type, look, remove, cancel", async () => {
  await using started = await startControl();
  const { bench, control } = started;
  const terminal = await bench.terminal();
  const paymentId = bench.newId();
  terminal.say({ case: "preparePayment", value: { ...prepareOf(), paymentId } });
  await terminal.next("prepared");
  expect(await control.presentCard({ card: "mastercard" })).toMatchObject({
    maskedPan: "555555******4444",
  });
  await terminal.next("cardRead");
  const pinSource = { case: "pinOnReader", value: true } as const;
  terminal.say({ case: "confirm", value: { paymentId, pinSource } });
  await bench.clock.advance(0);
  await control.typePin({ pin: "1234" });
  await terminal.next("paymentReady");
  expect(await control.getDisplay({})).toMatchObject({
    displayLines: ["Corner Coffee", "12.50 EUR", "Please wait"],
    serial: "SIM-0001",
    shown: ShownOutcome.UNSPECIFIED,
  });
  expect(await control.removeCard({})).toMatchObject({ removed: true });
  expect(await control.removeCard({})).toMatchObject({ removed: false });
  await expect(control.pressCancel({})).rejects.toMatchObject({ code: Code.FailedPrecondition });
});

test("the test cards are listed with what each provokes", async () => {
  await using started = await startControl();
  const { cards } = await started.control.listCards({});
  expect(cards.map(({ name }) => name)).toEqual(TEST_CARDS.map(({ name }) => name));
  expect(cards[0]).toMatchObject({ name: "visa", scheme: "VISA", pin: "1234" });
});

test.each([
  {
    name: "a number that is no test card",
    card: "4111111111111111",
    code: Code.FailedPrecondition,
  },
  { name: "no card at all", card: "", code: Code.FailedPrecondition },
])("$name is refused while none is awaited", async ({ card, code }) => {
  await using started = await startControl();
  const presented = started.control.presentCard({ card, entryMode: EntryMode.CHIP });
  await expect(presented).rejects.toMatchObject({ code });
});

test("in production there is no such service", async () => {
  await using bench = new ReaderBench();
  vi.stubEnv("NODE_ENV", "production");
  await expect(bench.restart()).rejects.toThrow(
    "the reader's control service is refused with NODE_ENV=production",
  );
});
