import { expect, test } from "vitest";
import { Certainty, PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { PaymentError } from "../../payment/errors.ts";
import { parsePaymentId } from "../../payment/identifiers.ts";
import { SALE, TerminalBench } from "../../test/fixtures/terminal-bench.ts";
import { WrongClock } from "../../test/fixtures/wrong-clock.ts";

const ID = parsePaymentId("01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6a");
const sale = { ...SALE, paymentId: ID };
const HOUR_MS = 3_600_000;

const OBSTACLES = [
  {
    name: "READER_BUSY, no reader is there",
    code: "READER_BUSY",
    obstruct: (bench: TerminalBench) => bench.cutReader(),
  },
  {
    name: "READER_BUSY, the reader serves another payment",
    code: "READER_BUSY",
    async obstruct(bench: TerminalBench) {
      const other = bench.pay(SALE, { card: "none" });
      await bench.until(() => other.heard.includes("prepared"));
    },
  },
] as const;

/** Nothing here knows the id, and the terminal that was there before has had it charged. */
async function forgottenId(bench: TerminalBench): Promise<void> {
  const paying = bench.pay(sale);
  (await bench.relay.next()).answered();
  expect((await paying.report).state).toBe(PaymentState.APPROVED);
  await bench.replaceTerminal();
  await bench.until(
    () => bench.terminal.isRelayConnected && bench.terminal.readerSerial !== undefined,
  );
}

test.each(OBSTACLES)("an id of the till's is open after $name", async ({ code, obstruct }) => {
  await using bench = await TerminalBench.start();
  await forgottenId(bench);
  bench.relay.beforeCancelling = () => {
    throw new PaymentError("OVERLOADED", "no room for a cancellation");
  };
  await obstruct(bench);
  const { certainty, fault } = await bench.reported(bench.pay(sale));
  expect(certainty).toBe(Certainty.UNKNOWN);
  expect(fault).toMatchObject({ code, certainty: Certainty.UNKNOWN });
});

test.each(OBSTACLES)(
  "the processor's tombstone ends it after $name",
  async ({ code, obstruct }) => {
    await using bench = await TerminalBench.start();
    await bench.until(
      () => bench.terminal.isRelayConnected && bench.terminal.readerSerial !== undefined,
    );
    await obstruct(bench);
    const report = await bench.reported(bench.pay(sale));
    expect(report).toMatchObject({ certainty: Certainty.FINAL, state: PaymentState.REVERSED });
    expect(report.fault?.code).toBe(code);
    expect(report.signedResult).toBeDefined();
    expect(bench.relay.cancelled).toEqual([ID]);
  },
);

test("a wrong clock says nothing final of an id of the till's", async () => {
  await using bench = await TerminalBench.start(({ clock }) => ({
    clock: new WrongClock(clock, HOUR_MS),
  }));
  bench.relay.beforeCancelling = () => {
    throw new PaymentError("OVERLOADED", "no room for a cancellation");
  };
  await bench.until(
    () => bench.terminal.isRelayConnected && bench.terminal.readerSerial !== undefined,
  );
  const { certainty, fault } = await bench.reported(bench.pay(sale));
  expect({ certainty, code: fault?.code }).toEqual({
    certainty: Certainty.UNKNOWN,
    code: "CLOCK_WRONG",
  });
});

test("an id that the terminal draws costs no question", async () => {
  await using bench = await TerminalBench.start();
  await bench.until(() => bench.terminal.isRelayConnected);
  await bench.cutReader();
  await expect(bench.reported(bench.pay(SALE))).rejects.toMatchObject({
    code: "READER_BUSY",
    row: { certainty: Certainty.FINAL },
  });
  expect(bench.relay.asked).toEqual([]);
  expect(bench.relay.cancelled).toEqual([]);
});
