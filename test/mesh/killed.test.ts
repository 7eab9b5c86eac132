import { rmSync } from "node:fs";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { DEVELOPMENT_MESH } from "../../dev-mesh/development-keys.ts";
import type { ProgramName } from "../../dev-mesh/mesh-directory.ts";
import type { Mesh } from "../../dev-mesh/mesh-processes.ts";
import { Certainty, PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { type MeshFixture, startTestMesh } from "./mesh-fixture.ts";
import { pay } from "./pay.ts";

let fixture: MeshFixture;
let mesh: Mesh;

beforeAll(async () => {
  fixture = await startTestMesh();
  mesh = fixture.mesh;
});

afterAll(async () => {
  await fixture?.[Symbol.asyncDispose]();
});

/** Asks again while this test's own connection has not found the restarted processor. */
const balance = async () => {
  const { merchantId } = DEVELOPMENT_MESH;
  const { processorRegistry } = mesh.clients;
  return await eventually(() => processorRegistry.getBalance({ merchantId, currency: 978 }));
};

test.each([
  { program: "relay", at: "submitted" },
  { program: "relay", at: "recorded" },
  { program: "processor", at: "submitted" },
  { program: "processor", at: "recorded" },
  { program: "pin-service", at: "submitted" },
] as const)(
  "kill -9 of the $program once the payment is $at charges once",
  async ({ program, at }) => {
    const before = await balance();
    const restarted = Promise.withResolvers<void>();
    const { report } = await pay(mesh, {
      onEvent: (event) => {
        if (event.case === at) restartAfterKill(program).then(restarted.resolve, restarted.reject);
      },
    });
    await restarted.promise;
    const state = await finalState(report.paymentId);
    const after = await balance();
    const charged = state === PaymentState.APPROVED ? 1_250n : 0n;
    expect([PaymentState.APPROVED, PaymentState.DECLINED, PaymentState.REVERSED]).toContain(state);
    expect(after.balanceMinor - before.balanceMinor).toBe(charged);
    expect(after.recomputedMinor).toBe(after.balanceMinor);
  },
);

test("a terminal that is killed after it submitted finds out what became of it", async () => {
  const submitted = Promise.withResolvers<string>();
  let paymentId = "";
  const paying = pay(mesh, {
    onEvent: (event) => {
      if (event.case === "started") paymentId = event.value.paymentId;
      if (event.case === "submitted") submitted.resolve(paymentId);
    },
  });
  const cut = expect(paying).rejects.toThrow(/terminal went away/);
  await submitted.promise;
  await restartAfterKill("terminal");
  await cut;
  const report = await resolved(paymentId);
  expect(report.certainty).toBe(Certainty.FINAL);
  expect(await finalState(paymentId)).toBe(report.state);
});

test("a terminal that lost its files tells what became of a payment", async () => {
  const { report: first } = await pay(mesh);
  const before = await balance();
  const terminal = mesh.program("terminal");
  terminal.kill("SIGKILL");
  await terminal.ended;
  rmSync(mesh.directory.dataOf("terminal"), { recursive: true });
  await terminal.restart();
  const { paymentId } = first;
  expect(await resolved(paymentId)).toMatchObject({
    state: PaymentState.APPROVED,
    recordNumber: first.recordNumber,
  });
  const { report, events } = await eventually(() => pay(mesh, { paymentId }));
  expect(report).toMatchObject({ certainty: Certainty.FINAL, state: PaymentState.APPROVED });
  expect(report.signedResult).toEqual(first.signedResult);
  expect(events.map((event) => event.case)).not.toContain("prepared");
  expect(await balance()).toEqual(before);
});

test("a reader that is killed while it waits for a card takes the next payment", async () => {
  const cancelled = pay(mesh, {
    onEvent: (event) => {
      if (event.case === "prepared") mesh.program("reader").kill("SIGKILL");
    },
  });
  await expect(cancelled).rejects.toThrow();
  await mesh.program("reader").restart();
  const report = await eventually(async () => (await pay(mesh)).report);
  expect(report.state).toBe(PaymentState.APPROVED);
});

test("a program that dies unasked is named", async () => {
  process.kill(mesh.program("pin-service").pid, "SIGKILL");
  const { name, end } = await mesh.died;
  expect(name).toBe("pin-service");
  expect(end.description).toMatch(/^was ended by SIGKILL: ".+" \(log: .+pin-service\.log\)$/);
});

async function restartAfterKill(name: ProgramName): Promise<void> {
  mesh.program(name).kill("SIGKILL");
  await mesh.program(name).ended;
  await mesh.program(name).restart();
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

async function resolved(paymentId: string) {
  return await eventually(async () => {
    const { report } = await mesh.clients.terminal.getTerminalPayment({ paymentId });
    if (report?.certainty !== Certainty.FINAL) throw new Error("not final yet");
    return report;
  });
}

/** Asks again until it succeeds; vitest's time-out ends it. */
async function eventually<T>(ask: () => Promise<T>): Promise<T> {
  return await vi.waitFor(ask, { timeout: 60_000, interval: 200 });
}
