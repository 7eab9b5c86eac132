import { ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { MeshClients } from "../../dev-mesh/clients.ts";
import type { Mesh } from "../../dev-mesh/mesh-processes.ts";
import { type AuditEntry, AuditStep } from "../../gen/cardlane/audit/v1/audit_pb.ts";
import { WebhookService } from "../../gen/cardlane/relay/v1/webhook_pb.ts";
import { dial } from "../../mesh/client/dial.ts";
import { systemClock as clock } from "../../mesh/clock.ts";
import { paymentErrorFrom } from "../../mesh/errors-to-wire.ts";
import { loadIdentity } from "../../mesh/identity/identity.ts";
import { silentLog } from "../../mesh/log.ts";
import { enumName } from "../../payment/enum-name.ts";
import { startTestMesh } from "./mesh-fixture.ts";
import { pay } from "./pay.ts";

const ADA = "spiffe://cardlane.dev/operator/ada";
const BEN = "spiffe://cardlane.dev/operator/ben";

const resources = new AsyncDisposableStack();
let mesh: Mesh;
let ada: MeshClients;
let ben: MeshClients;
let paymentId: string;

beforeAll(async () => {
  const fixture = await startTestMesh({
    isTls: true,
    strangers: { ada: "operator/ada", ben: "operator/ben" },
    environment: { CARDLANE_FOUR_EYES: "webhooks,cards" },
  });
  mesh = resources.use(fixture).mesh;
  ada = resources.use(await clientsOf("ada"));
  ben = resources.use(await clientsOf("ben"));
  paymentId = (await pay(mesh)).report.paymentId;
});

afterAll(async () => {
  await resources.disposeAsync();
});

/** Over mutual TLS, under that operator's own certificate. */
async function clientsOf(operator: "ada" | "ben"): Promise<MeshClients> {
  const directory = `${mesh.directory.tls}/${operator}`;
  return await MeshClients.open((name) => mesh.addresses[name], clock, directory);
}

type Audited = "relay" | "pin-service";

async function entriesOf(program: Audited): Promise<readonly AuditEntry[]> {
  const entries: AuditEntry[] = [];
  for await (const page of mesh.clients.auditOf(program).streamAuditEntries({})) {
    entries.push(...page.entries.filter((entry) => entry.program === program));
  }
  return entries;
}

/** What the log got meanwhile: "PROPOSED spiffe://…/ada". */
async function writtenDuring(program: Audited, work: () => Promise<unknown>) {
  const before = (await entriesOf(program)).length;
  await work();
  return (await entriesOf(program)).slice(before);
}

function inWords(entries: readonly AuditEntry[]): readonly string[] {
  return entries.map(({ step, actor }) => `${enumName(AuditStep, step)} ${actor}`);
}

async function refusalOf(call: Promise<unknown>) {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => paymentErrorFrom(ConnectError.from(thrown)),
  );
  return { code: error?.code, message: error?.message };
}

const urls = async () => {
  const { webhooks } = await mesh.clients.webhooks.listWebhooks({});
  return webhooks.map(({ url }) => url);
};

const hook = (path: string) => ({ url: `https://shop.example/${path}` });

test.each([
  {
    program: "relay",
    act: (operator: MeshClients) => operator.webhooks.addWebhook(hook("both")),
  },
  {
    program: "pin-service",
    act: (operator: MeshClients) => operator.pinOversight.unlockCard({ paymentId }),
  },
] as const)("$program: one operator asks, another one does it, the log names both", async (row) => {
  const { program, act } = row;
  const asked = await writtenDuring(program, async () => {
    const first = await refusalOf(act(ada));
    expect(first.code).toBe("NEEDS_SECOND_OPERATOR");
    // The same operator is no second one, and no second proposal either.
    expect(await refusalOf(act(ada))).toEqual(first);
  });
  expect(inWords(asked)).toEqual([`PROPOSED ${ADA}`]);
  const done = await writtenDuring(program, () => act(ben));
  expect(inWords(done)).toEqual([`BEGUN ${BEN}`, `DONE ${BEN}`]);
  const [proposed] = asked;
  const [begun, end] = done;
  expect(begun).toMatchObject({
    ofSequence: proposed?.sequence,
    requestDigest: proposed?.requestDigest,
    subject: proposed?.subject,
  });
  expect(end?.ofSequence).toBe(begun?.sequence);
});

test("nothing changes before the second operator, and what is done is not asked for", async () => {
  await refusalOf(ada.webhooks.addWebhook(hook("waits")));
  expect(await urls()).not.toContain(hook("waits").url);
  await ben.webhooks.addWebhook(hook("waits"));
  expect(await urls()).toContain(hook("waits").url);
  const again = await refusalOf(ben.webhooks.addWebhook(hook("waits")));
  expect(again.code).toBe("NEEDS_SECOND_OPERATOR");
});

test("a second operator who asks for something else has asked first", async () => {
  await refusalOf(ada.webhooks.addWebhook(hook("adas")));
  const written = await writtenDuring("relay", async () => {
    const { code } = await refusalOf(ben.webhooks.addWebhook(hook("bens")));
    expect(code).toBe("NEEDS_SECOND_OPERATOR");
  });
  expect(inWords(written)).toEqual([`PROPOSED ${BEN}`]);
  const there = await urls();
  for (const path of ["adas", "bens"]) expect(there).not.toContain(hook(path).url);
});

test.each(["terminal", "processor"] as const)("a %s is no second operator", async (holder) => {
  const wanted = hook(`for-${holder}`);
  await refusalOf(ada.webhooks.addWebhook(wanted));
  using identity = await loadIdentity(mesh.directory.tlsOf(holder), { clock, log: silentLog });
  using channel = dial({
    targets: [mesh.addresses.relay],
    services: [WebhookService],
    clock,
    identity,
    serverIdentity: "spiffe://cardlane.dev/relay/*",
  });
  const written = await writtenDuring("relay", async () => {
    const { code } = await refusalOf(channel.client(WebhookService).addWebhook(wanted));
    expect(code).toBe("NOT_PERMITTED");
  });
  expect(written).toEqual([]);
  expect(await urls()).not.toContain(wanted.url);
});

test("an act of another kind needs one operator", async () => {
  const optOut = { address: "guest@shop.example", isOptedOut: true };
  const written = await writtenDuring("relay", () => ada.notifications.setOptOut(optOut));
  expect(inWords(written)).toEqual([`BEGUN ${ADA}`, `DONE ${ADA}`]);
});
