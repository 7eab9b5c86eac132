import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { DEVELOPMENT_MESH } from "../../dev-mesh/development-keys.ts";
import type { ProgramName } from "../../dev-mesh/mesh-directory.ts";
import type { Mesh } from "../../dev-mesh/mesh-processes.ts";
import { Certainty, PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { systemClock } from "../../mesh/clock.ts";
import { newPaymentId } from "../../payment/identifiers.ts";
import { systemRandom } from "../../sealing/random.ts";
import { environment as inherited } from "../../settings/environment.ts";
import { type MeshFixture, startTestMesh } from "./mesh-fixture.ts";
import { pay } from "./pay.ts";

/** A lost message is sent again after eight seconds, and each case starts programs again. */
const CASE_MS_MAX = 90_000;
/** Read again by each program when it starts. */
const environment = { CARDLANE_FAULTS: "" };
let faulty: ProgramName | undefined;
let fixture: MeshFixture;
let mesh: Mesh;

beforeAll(async () => {
  fixture = await startTestMesh({ environment });
  mesh = fixture.mesh;
});

afterAll(async () => {
  await fixture?.[Symbol.asyncDispose]();
});

test.each([
  { kind: "a lost request", program: "processor", faults: "lose@processor.request#1" },
  { kind: "a lost answer", program: "processor", faults: "lose@processor.answer#1" },
  { kind: "a late answer", program: "processor", faults: "late@processor.answer=3000#1" },
  { kind: "a doubled request", program: "processor", faults: "duplicate@processor.request" },
  { kind: "a slow database", program: "processor", faults: "late@processor.database=700" },
  { kind: "an answer lost here", program: "relay", faults: "lose@relay.answer#1" },
  { kind: "a doubled submission", program: "relay", faults: "duplicate@relay.request" },
  { kind: "a slow relay database", program: "relay", faults: "late@relay.database=900" },
] as const)(
  "$kind ($faults) charges once",
  async ({ program, faults }) => {
    const before = await eventually(balance);
    await restartWith(program, faults);
    const { report } = await eventually(() => pay(mesh));
    expect(await finalState(report.paymentId)).toBe(PaymentState.APPROVED);
    await expectCharged(before, 1_250n);
  },
  CASE_MS_MAX,
);

test.each([
  { program: "relay", faults: "crash@relay.recorded#1" },
  { program: "relay", faults: "crash@relay.completed#1" },
  { program: "processor", faults: "crash@processor.decided#1" },
  { program: "processor", faults: "crash@processor.written#1" },
] as const)(
  "the $program dies ($faults), and the payment is charged once",
  async (one) => {
    const { program, faults } = one;
    const before = await eventually(balance);
    await restartWith(program, faults);
    const died = mesh.program(program).ended;
    const paying = eventually(() => pay(mesh));
    expect(await died).toMatchObject({ signal: "SIGKILL" });
    await restartWith(program, "");
    const { report } = await paying;
    expect(await finalState(report.paymentId)).toBe(PaymentState.APPROVED);
    await expectCharged(before, 1_250n);
  },
  CASE_MS_MAX,
);

test.each([
  { program: "reader", faults: "crash@reader.counted#1" },
  { program: "terminal", faults: "crash@terminal.signed#1" },
  { program: "terminal", faults: "crash@terminal.submitted#1" },
  { program: "terminal", faults: "crash@terminal.settled#1" },
] as const)(
  "the $program dies ($faults), and the same id is charged as it says",
  async ({ program, faults }) => {
    const before = await eventually(balance);
    const paymentId = newPaymentId(systemClock.nowMs(), systemRandom.bytes(10));
    await restartWith(program, faults);
    // A terminal that ran on would for a moment still hold its session with the reader of before.
    if (program !== "terminal") await mesh.program("terminal").restart();
    await eventually(terminalIsReady);
    const died = mesh.program(program).ended;
    const interrupted = Promise.allSettled([pay(mesh, { paymentId })]);
    expect(await died).toMatchObject({ signal: "SIGKILL" });
    await interrupted;
    await restartWith(program, "");
    const { state } = await eventually(async () => {
      const { report } = await pay(mesh, { paymentId });
      expect(report.certainty).toBe(Certainty.FINAL);
      return report;
    });
    await expectCharged(before, state === PaymentState.APPROVED ? 1_250n : 0n);
  },
  CASE_MS_MAX,
);

test.each(["relay", "processor", "processor/pin-service", "terminal-client", "reader-sim"])(
  "%s does not start in production with faults on demand",
  (folder) => {
    const main = join(import.meta.dirname, "../..", folder, "main.ts");
    const asked = { CARDLANE_FAULTS: "crash@relay.recorded", NODE_ENV: "production" };
    const options = { env: { ...inherited, ...asked }, encoding: "utf8" } as const;
    const { status, stderr } = spawnSync(process.execPath, [main], options);
    expect(stderr).toContain("refused in production");
    expect(status).toBe(1);
  },
);

/** The only one that has faults: what an earlier case left to another program ends here. */
async function restartWith(name: ProgramName, faults: string): Promise<void> {
  if (faulty !== undefined && faulty !== name) await mesh.program(faulty).restart();
  environment.CARDLANE_FAULTS = faults;
  await mesh.program(name).restart();
  environment.CARDLANE_FAULTS = "";
  faulty = faults === "" ? undefined : name;
}

/** Its reader and a relay are there: what is paid now gets to the step that fails. */
async function terminalIsReady(): Promise<void> {
  const { readerSerial, isRelayConnected } = await mesh.clients.terminal.getTerminal({});
  expect(readerSerial).not.toBe("");
  expect(isRelayConnected).toBe(true);
}

async function balance() {
  const { merchantId } = DEVELOPMENT_MESH;
  return await mesh.clients.processorRegistry.getBalance({ merchantId, currency: 978 });
}

async function expectCharged(
  before: { readonly balanceMinor: bigint },
  amountMinor: bigint,
): Promise<void> {
  const after = await eventually(balance);
  expect(after.balanceMinor - before.balanceMinor).toBe(amountMinor);
  expect(after.recomputedMinor).toBe(after.balanceMinor);
}

/** The relay's word, once it is final. */
async function finalState(paymentId: string): Promise<PaymentState> {
  return await eventually(async () => {
    const key = { case: "paymentId", value: paymentId } as const;
    const { payment } = await mesh.clients.relay.getPayment({ key });
    if (payment?.certainty !== Certainty.FINAL) throw new Error(`still ${payment?.state}`);
    return payment.state;
  });
}

/** Asks again until it succeeds; vitest's time-out ends it. */
async function eventually<T>(ask: () => Promise<T>): Promise<T> {
  return await vi.waitFor(ask, { timeout: 60_000, interval: 200 });
}
