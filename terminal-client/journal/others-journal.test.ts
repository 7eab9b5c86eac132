import { expect, test } from "vitest";
import { Certainty, PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { silentLog } from "../../mesh/log.ts";
import { parsePaymentId } from "../../payment/identifiers.ts";
import { SALE, TerminalBench } from "../../test/fixtures/terminal-bench.ts";

const ID = parsePaymentId("01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6a");
const sale = { ...SALE, paymentId: ID };
const { UNKNOWN } = Certainty;

test("the journal of another merchant's terminal gives no FINAL about its payments", async () => {
  let isMoved = false;
  const warned: string[] = [];
  const log = { ...silentLog, warn: (message: string) => void warned.push(message) };
  await using bench = await TerminalBench.start(({ keys }) => {
    if (!isMoved) return {};
    const { certificate, identity } = keys.anotherTerminal("TILL0002", "ANOTHERSHOP0001");
    return { certificate, identity, log };
  });
  const paying = bench.pay(sale, { card: "none" });
  await bench.until(() => paying.heard.includes("prepared"));
  // As a backup of that moment has it: the id is there, the reader's bytes are not.
  const older = bench.files.copy();
  await bench.device.presentCard("visa", 0);
  (await bench.relay.next()).answered();
  expect((await paying.report).state).toBe(PaymentState.APPROVED);

  isMoved = true;
  await bench.replaceTerminal(older);
  expect(warned).toContain(
    "the journal has a payment of another merchant's terminal; it is left alone",
  );
  expect(bench.terminal.reportOf(ID)?.certainty).toBe(UNKNOWN);
  expect((await bench.reported(bench.pay(sale))).certainty).toBe(UNKNOWN);
  expect(bench.relay.cancelled).toEqual([]);
  // Back at its merchant's terminal, the file is what it was.
  isMoved = false;
  await bench.replaceTerminal(older);
  await bench.until(() => bench.terminal.reportOf(ID)?.certainty === Certainty.FINAL);
});
