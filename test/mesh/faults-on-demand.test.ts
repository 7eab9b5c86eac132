import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ProgramName } from "../../dev-mesh/mesh-directory.ts";
import { Certainty, PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { systemClock } from "../../mesh/clock.ts";
import { newPaymentId } from "../../payment/identifiers.ts";
import { systemRandom } from "../../sealing/random.ts";
import { environment as inherited } from "../../settings/environment.ts";
import { eventually, FaultyMesh } from "./faulty-mesh.ts";
import { pay } from "./pay.ts";

/**
 * A lost message is sent again after eight seconds, and each case starts programs again. One mesh's
 * cases follow one another, while those of the other mesh wait as well.
 */
const CASE = { concurrent: false, timeout: 90_000 } as const;

interface Case {
  readonly program: ProgramName;
  readonly faults: string;
}

describe.concurrent("the processor", () => {
  const faulty = startedBefore();

  test.each([
    { kind: "a lost request", program: "processor", faults: "lose@processor.request#1" },
    { kind: "a lost answer", program: "processor", faults: "lose@processor.answer#1" },
    { kind: "a late answer", program: "processor", faults: "late@processor.answer=3000#1" },
    { kind: "a doubled request", program: "processor", faults: "duplicate@processor.request" },
    { kind: "a slow database", program: "processor", faults: "late@processor.database=700" },
  ] as const)("$kind ($faults) charges once", CASE, (one) => chargesOnce(faulty(), one));

  test.each([
    { program: "processor", faults: "crash@processor.decided#1" },
    { program: "processor", faults: "crash@processor.written#1" },
  ] as const)("$program dies ($faults), and the payment is charged once", CASE, (one) =>
    diesAndChargesOnce(faulty(), one),
  );
});

describe.concurrent("relay and devices", () => {
  const faulty = startedBefore();

  test.each([
    { kind: "an answer lost here", program: "relay", faults: "lose@relay.answer#1" },
    { kind: "a doubled submission", program: "relay", faults: "duplicate@relay.request" },
    { kind: "a slow relay database", program: "relay", faults: "late@relay.database=900" },
  ] as const)("$kind ($faults) charges once", CASE, (one) => chargesOnce(faulty(), one));

  test.each([
    { program: "relay", faults: "crash@relay.recorded#1" },
    { program: "relay", faults: "crash@relay.completed#1" },
  ] as const)("$program dies ($faults), and the payment is charged once", CASE, (one) =>
    diesAndChargesOnce(faulty(), one),
  );

  test.each([
    { program: "reader", faults: "crash@reader.counted#1" },
    { program: "terminal", faults: "crash@terminal.signed#1" },
    { program: "terminal", faults: "crash@terminal.submitted#1" },
    { program: "terminal", faults: "crash@terminal.settled#1" },
  ] as const)("$program dies ($faults), and the same id is charged as it says", CASE, (one) =>
    diesAndChargesAsItSays(faulty(), one),
  );
});

test.concurrent.each([
  "relay",
  "processor",
  "processor/pin-service",
  "terminal-client",
  "reader-sim",
])("%s does not start in production with faults on demand", async (folder) => {
  const main = join(import.meta.dirname, "../..", folder, "main.ts");
  const asked = { CARDLANE_FAULTS: "crash@relay.recorded", NODE_ENV: "production" };
  const started = promisify(execFile)(process.execPath, [main], {
    env: { ...inherited, ...asked },
  });
  await expect(started).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining("refused in production"),
  });
});

/** A mesh of a suite's own. */
function startedBefore(): () => FaultyMesh {
  let faulty: FaultyMesh | undefined;
  beforeAll(async () => {
    faulty = await FaultyMesh.start();
  });
  afterAll(async () => {
    await faulty?.[Symbol.asyncDispose]();
  });
  return () => {
    if (faulty === undefined) throw new Error("bug: the mesh is started before the tests");
    return faulty;
  };
}

async function chargesOnce(faulty: FaultyMesh, { program, faults }: Case): Promise<void> {
  const before = await eventually(() => faulty.balance());
  await faulty.restartWith(program, faults);
  const { report } = await eventually(() => pay(faulty.mesh));
  expect(await faulty.finalState(report.paymentId)).toBe(PaymentState.APPROVED);
  await faulty.expectCharged(before, 1_250n);
}

async function diesAndChargesOnce(faulty: FaultyMesh, { program, faults }: Case): Promise<void> {
  const before = await eventually(() => faulty.balance());
  await faulty.restartWith(program, faults);
  const died = faulty.mesh.program(program).ended;
  const paying = eventually(() => pay(faulty.mesh));
  expect(await died).toMatchObject({ signal: "SIGKILL" });
  await faulty.restartWith(program, "");
  const { report } = await paying;
  expect(await faulty.finalState(report.paymentId)).toBe(PaymentState.APPROVED);
  await faulty.expectCharged(before, 1_250n);
}

async function diesAndChargesAsItSays(faulty: FaultyMesh, { program, faults }: Case) {
  const { mesh } = faulty;
  const before = await eventually(() => faulty.balance());
  const paymentId = newPaymentId(systemClock.nowMs(), systemRandom.bytes(10));
  await faulty.restartWith(program, faults);
  // A terminal that ran on would for a moment still hold its session with the reader of before.
  if (program !== "terminal") await mesh.program("terminal").restart();
  await eventually(() => faulty.terminalIsReady());
  const died = mesh.program(program).ended;
  const interrupted = Promise.allSettled([pay(mesh, { paymentId })]);
  expect(await died).toMatchObject({ signal: "SIGKILL" });
  await interrupted;
  await faulty.restartWith(program, "");
  const { state } = await eventually(async () => {
    const { report } = await pay(mesh, { paymentId });
    expect(report.certainty).toBe(Certainty.FINAL);
    return report;
  });
  await faulty.expectCharged(before, state === PaymentState.APPROVED ? 1_250n : 0n);
}
