import { expect, test } from "vitest";
import { Certainty, NextStep, PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { silentLog } from "../../mesh/log.ts";
import { parsePaymentId } from "../../payment/identifiers.ts";
import { RECORD_NUMBER } from "../../test/fixtures/fake-relay.ts";
import { SALE, TerminalBench } from "../../test/fixtures/terminal-bench.ts";

const ID = parsePaymentId("01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6a");
const OTHER_ID = parsePaymentId("01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6b");
const FILE = `payment-${ID}.json`;

const text = (content: string) => new TextEncoder().encode(content);

test.each([
  { name: "no JSON", damage: () => text("{") },
  { name: "of another version", damage: () => text('{"version":99}') },
  { name: "empty", damage: () => new Uint8Array() },
  {
    name: "another payment's",
    damage: (entry: string) => text(entry.replaceAll(ID, OTHER_ID)),
  },
])("a journal entry that is $name stops nothing but itself", async ({ damage }) => {
  const logged: string[] = [];
  await using bench = await TerminalBench.start(() => ({
    log: { ...silentLog, failure: (message) => void logged.push(message) },
  }));
  const paying = bench.pay({ ...SALE, paymentId: ID });
  const { payment, answered } = await bench.relay.next();
  answered();
  await paying.report;
  const result = bench.readerBench.result(payment, {});
  const entry = (await bench.files.read(FILE)) ?? new Uint8Array();
  const damaged = damage(new TextDecoder().decode(entry));
  await bench.files.write(FILE, damaged);

  await bench.replaceTerminal(bench.files.copy());
  const aside = `damaged-${ID}.json`;
  expect(logged).toEqual([`${FILE} is no journal entry; it is kept as ${aside}`]);
  expect(await bench.files.read(aside)).toEqual(damaged);
  expect(await bench.files.list("payment-")).toEqual([]);

  // Its payment counts as forgotten, and the next customer pays.
  bench.relay.record = {
    recordNumber: RECORD_NUMBER,
    state: PaymentState.APPROVED,
    certainty: Certainty.FINAL,
    nextStep: NextStep.NONE,
    result,
  };
  const again = bench.pay({ ...SALE, paymentId: ID });
  await bench.until(() => bench.terminal.reportOf(ID)?.certainty === Certainty.FINAL);
  expect((await again.report).state).toBe(PaymentState.APPROVED);
  await expectNextToWork(bench);
});

test("a damaged entry on a full disk stops nothing but itself", async () => {
  const logged: string[] = [];
  await using bench = await TerminalBench.start(() => ({
    log: { ...silentLog, failure: (message) => void logged.push(message) },
  }));
  const files = bench.files.copy();
  await files.write(FILE, text("{"));
  files.writesRefused = Number.POSITIVE_INFINITY;
  await bench.replaceTerminal(files);
  expect(logged).toEqual([
    `${FILE} is no journal entry; it is kept as damaged-${ID}.json`,
    `${FILE} stays where it is: is the disk full?`,
  ]);
  expect(await files.read(FILE)).toEqual(text("{"));
  files.writesRefused = 0;
  await expectNextToWork(bench);
});

test.each([FILE, "manifest.bin"])("%s, unreadable, stops nothing but itself", async (name) => {
  const logged: string[] = [];
  await using bench = await TerminalBench.start(() => ({
    log: { ...silentLog, failure: (message) => void logged.push(message) },
  }));
  await expectNextToWork(bench);
  const files = bench.files.copy();
  if (name === FILE) await files.write(FILE, text("{}"));
  expect(await files.list(name)).toEqual([name]);
  files.damaged.add(name);
  await bench.replaceTerminal(files);
  expect(logged).toEqual([expect.stringMatching(/cannot be read|manifest is damaged/)]);
  expect(bench.terminal.reportOf(ID)).toBeUndefined();
  await expectNextToWork(bench);
});

async function expectNextToWork(bench: TerminalBench): Promise<void> {
  const next = bench.pay();
  (await bench.relay.next()).answered();
  expect((await next.report).state).toBe(PaymentState.APPROVED);
}
