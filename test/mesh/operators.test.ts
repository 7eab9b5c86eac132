import { join } from "node:path";
import { Code } from "@connectrpc/connect";
import pg from "pg";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { commandLine } from "../../cli/command-line.ts";
import { runCommand } from "../../cli/run-command.ts";
import { recordedIo } from "../../cli/testing/recorded-io.ts";
import { DEVELOPMENT_MESH } from "../../dev-mesh/development-keys.ts";
import type { Mesh } from "../../dev-mesh/mesh-processes.ts";
import { PinOversightService } from "../../gen/cardlane/pin/v1/pin_pb.ts";
import { ProcessorOversightService } from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { RelayOversightService } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { dial } from "../../mesh/client/dial.ts";
import { systemClock } from "../../mesh/clock.ts";
import { loadIdentity } from "../../mesh/identity/identity.ts";
import { silentLog } from "../../mesh/log.ts";
import { newPaymentId } from "../../payment/identifiers.ts";
import { systemRandom } from "../../sealing/random.ts";
import { type MeshFixture, startTestMesh } from "./mesh-fixture.ts";
import { pay } from "./pay.ts";

let fixture: MeshFixture;
let mesh: Mesh;

beforeAll(async () => {
  fixture = await startTestMesh({ isTls: true });
  mesh = fixture.mesh;
  await pay(mesh);
  await pay(mesh, { card: "charge_declined" });
});

afterAll(async () => {
  await fixture?.[Symbol.asyncDispose]();
});

async function command(...words: readonly string[]) {
  const io = recordedIo();
  const exitCode = await runCommand(io, commandLine, [...words, "--data-dir", mesh.directory.path]);
  return { exitCode, printed: io.printed, told: io.told };
}

async function sql(database: "relay" | "processor", text: string): Promise<void> {
  const client = new pg.Client(mesh.postgres.connectionOptions(database));
  await client.connect();
  await client.query(text).finally(() => client.end());
}

test("reconcile: after payments all sides agree", async () => {
  const answer = await command("reconcile");
  expect(answer).toEqual({
    exitCode: 0,
    printed: ["2 payments compared · 0 differences"],
    told: [],
  });
});

test.each([
  {
    name: "a record that was changed by hand",
    database: "relay",
    harm: "UPDATE record SET state = 'REVERSED' WHERE state = 'APPROVED'",
    undo: "UPDATE record SET state = 'APPROVED' WHERE state = 'REVERSED'",
    differences: [
      { says: "signed: approved; the relay says reversed" },
      { says: "state: reversed at the relay, approved at the processor" },
    ],
  },
  {
    name: "a balance that was changed by hand",
    database: "processor",
    harm: `UPDATE processor.account SET balance_minor = balance_minor + 1 WHERE kind = 'MERCHANT'
           AND currency = 978`,
    undo: `UPDATE processor.account SET balance_minor = balance_minor - 1 WHERE kind = 'MERCHANT'
           AND currency = 978`,
    differences: [
      { says: `merchant ${DEVELOPMENT_MESH.merchantId} 978: kept 1251, its postings give 1250` },
    ],
  },
] as const)("reconcile names $name", async ({ database, harm, undo, differences }) => {
  await sql(database, harm);
  const { exitCode, printed } = await command("reconcile", "--json");
  await sql(database, undo);
  expect(exitCode).toBe(2);
  expect(JSON.parse(printed[0] ?? "")).toMatchObject({ compared: 2, open: 0, differences });
});

test("a reversal that the processor does not acknowledge is listed until it does", async () => {
  expect((await command("reversals")).printed).toEqual(["No reversal is open."]);
  mesh.program("processor").kill("SIGKILL");
  await mesh.program("processor").ended;
  const paymentId = newPaymentId(systemClock.nowMs(), systemRandom.bytes(10));
  const { merchantId } = DEVELOPMENT_MESH;
  await mesh.clients.relay.cancelPayment({ paymentId, merchantId });
  const open = await vi.waitFor(async () => {
    const { printed } = await command("reversals", "--json");
    const { reversals, total } = JSON.parse(printed[0] ?? "");
    expect(reversals[0].attempts).toBeGreaterThanOrEqual(3);
    return { reversals, total };
  }, 20_000);
  expect(open).toMatchObject({
    total: "1",
    reversals: [{ paymentId, merchantId, leaseOwner: "A1" }],
  });
  const [, line] = (await command("reversals")).printed;
  expect(line).toMatch(new RegExp(`${paymentId} .* s +\\d+ +(in .*|now) +A1$`));
  await mesh.program("processor").restart();
  await vi.waitFor(async () => {
    expect((await command("reversals")).printed).toEqual(["No reversal is open."]);
  }, 20_000);
});

test("a locked card is unlocked by a payment that was made with it", async () => {
  const card = "mastercard";
  const codeOf = async (pin: string) => {
    const { report } = await pay(mesh, { card, pin });
    return { code: report.result?.responseCode, paymentId: report.paymentId };
  };
  for (const code of ["55", "55", "75"]) expect((await codeOf("9999")).code).toBe(code);
  await mesh.program("pin-service").restart();
  const { code, paymentId } = await codeOf("1234");
  expect(code).toBe("75");
  expect(await command("cards", "unlock", paymentId)).toMatchObject({ exitCode: 0 });
  expect((await codeOf("1234")).code).toBe("00");
});

test("nobody but an operator gives PIN tries back", async () => {
  using identity = await loadIdentity(mesh.directory.tlsOf("processor"), {
    clock: systemClock,
    log: silentLog,
  });
  using channel = dial({
    targets: [mesh.addresses["pin-service"]],
    services: [PinOversightService],
    clock: systemClock,
    identity,
    serverIdentity: "spiffe://cardlane.dev/pin-service/*",
  });
  const paymentId = newPaymentId(systemClock.nowMs(), systemRandom.bytes(10));
  const unlocked = channel.client(PinOversightService).unlockCard({ paymentId });
  await expect(unlocked).rejects.toMatchObject({ code: Code.PermissionDenied });
});

test.each([
  { program: "relay", holder: "terminal" },
  { program: "processor", holder: "terminal" },
  { program: "processor", holder: "relay" },
] as const)("a $holder may not look into all of the $program", async ({ program, holder }) => {
  using identity = await loadIdentity(mesh.directory.tlsOf(holder), {
    clock: systemClock,
    log: silentLog,
  });
  using channel = dial({
    targets: [mesh.addresses[program]],
    services: [RelayOversightService, ProcessorOversightService],
    clock: systemClock,
    identity,
    serverIdentity: `spiffe://cardlane.dev/${program}/*`,
  });
  const pages = {
    relay: () => channel.client(RelayOversightService).streamRecords({}),
    processor: () => channel.client(ProcessorOversightService).streamPayments({}),
  }[program]();
  await expect(async () => {
    for await (const page of pages) expect(page).toBeUndefined();
  }).rejects.toMatchObject({ code: Code.PermissionDenied });
});

test("terminals suspend, and no registration puts it back to use", async () => {
  const { merchantId, terminalId } = DEVELOPMENT_MESH;
  const name = `${merchantId}/${terminalId}`;
  expect((await command("terminals", "suspend", name)).told).toEqual([
    `Terminal ${name} is suspended now.`,
  ]);
  const { report } = await pay(mesh);
  expect(report.fault?.code).toBe("TERMINAL_NOT_ACTIVE");
  const certificate = join(mesh.directory.keysOf("terminal"), "certificate.json");
  const currencies = ["--currencies", "EUR,USD,GBP"];
  expect((await command("terminals", "add", certificate, ...currencies)).told).toEqual([
    "It is registered, and still suspended: cardlane terminals activate",
  ]);
  expect((await command("terminals", "activate", terminalId)).told).toEqual([
    `Terminal ${name} is active now.`,
  ]);
  expect((await command("terminals", "suspend", "TILLNONE")).exitCode).toBe(1);
  expect((await command("readers", "suspend", "R-NONE")).told.join()).toMatch(
    /R-NONE is not registered/,
  );
});

test("audit: what operators did stands in a chain that the database keeps", async () => {
  const before = await command("audit", "list", "--json");
  expect(before.printed.length).toBeGreaterThan(4);
  await command("terminals", "activate", "TILL0001");
  const { printed } = await command("audit", "list", "--json");
  const since = printed.filter((line) => !before.printed.includes(line));
  const acts = since.map((line) => JSON.parse(line));
  expect(acts.map(({ program, step }) => `${program} ${step}`).toSorted()).toEqual([
    "processor AUDIT_STEP_BEGUN",
    "processor AUDIT_STEP_DONE",
    "relay AUDIT_STEP_BEGUN",
    "relay AUDIT_STEP_DONE",
  ]);
  for (const { actor, method, subject } of acts) {
    expect(actor).toMatch(/^spiffe:\/\/cardlane\.dev\/operator\//);
    expect(method).toMatch(/\/SetTerminalState$/);
    expect(subject).toContain("terminal_id=TILL0001 state=ACTIVE");
  }
  const verified = await command("audit", "verify");
  expect(verified).toMatchObject({ exitCode: 0, told: [] });
  expect(verified.printed.at(-1)).toBe("The chains hold.");
  const [, head = ""] = /head (relay:\d+:[0-9a-f]{64})/.exec(verified.printed.join()) ?? [];
  expect(await command("audit", "verify", "--head", head)).toMatchObject({ exitCode: 0 });
  const forged = head.replace(/[0-9a-f]$/, (digit) => (digit === "0" ? "1" : "0"));
  const seen = await command("audit", "verify", "--head", forged);
  expect(seen).toMatchObject({ exitCode: 2 });
  expect(seen.printed.join()).toContain("is another one than it was");
  await expect(sql("processor", "DELETE FROM processor.audit_entry")).rejects.toThrow(
    "only ever added to",
  );
});

test.each(["relay:0x1:00", `reader:1:${"0".repeat(64)}`, "relay"])(
  "audit verify refuses --head %s",
  async (head) => {
    const { exitCode, told } = await command("audit", "verify", "--head", head);
    expect(exitCode).toBe(1);
    expect(told.join()).toContain(`got ${JSON.stringify(head)}`);
  },
);
