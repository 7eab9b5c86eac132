import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Mesh } from "../../dev-mesh/mesh-processes.ts";
import { PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { ProcessorRegistryService } from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { NotificationService } from "../../gen/cardlane/relay/v1/notification_pb.ts";
import { RelayRegistryService, RelayService } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { WebhookService } from "../../gen/cardlane/relay/v1/webhook_pb.ts";
import { dial } from "../../mesh/client/dial.ts";
import { systemClock } from "../../mesh/clock.ts";
import { loadIdentity } from "../../mesh/identity/identity.ts";
import { silentLog } from "../../mesh/log.ts";
import { type MeshFixture, startTestMesh } from "./mesh-fixture.ts";
import { pay } from "./pay.ts";

let fixture: MeshFixture;
let mesh: Mesh;

beforeAll(async () => {
  fixture = await startTestMesh({ isTls: true });
  mesh = fixture.mesh;
});

afterAll(async () => {
  await fixture?.[Symbol.asyncDispose]();
});

type Holder = "terminal" | "processor" | "relay" | "operator";

const clientAs = async (holder: Holder) =>
  await loadIdentity(mesh.directory.tlsOf(holder), { clock: systemClock, log: silentLog });

test("a payment over mutual TLS is approved", async () => {
  const { report } = await pay(mesh);
  expect(report.state).toBe(PaymentState.APPROVED);
});

test("plaintext gets no answer from a TLS server", async () => {
  using channel = dial({
    targets: [mesh.addresses.relay],
    services: [RelayService],
    clock: systemClock,
    timeoutMs: 2_000,
  });
  const call = channel.client(RelayService).listPayments({});
  await expect(call).rejects.toSatisfy((error) =>
    [Code.Unavailable, Code.DeadlineExceeded].includes(ConnectError.from(error).code),
  );
});

test("a terminal may ask for its merchant's records, and may register nobody", async () => {
  using identity = await clientAs("terminal");
  using channel = dial({
    targets: [mesh.addresses.relay],
    services: [RelayService, RelayRegistryService],
    clock: systemClock,
    identity,
    serverIdentity: "spiffe://cardlane.dev/relay/*",
  });
  const { payments } = await channel.client(RelayService).listPayments({});
  expect(payments.length).toBeGreaterThan(0);
  const register = channel.client(RelayRegistryService).listReaders({});
  await expect(register).rejects.toMatchObject({ code: Code.PermissionDenied });
});

test("a terminal may not speak to the processor at all", async () => {
  using identity = await clientAs("terminal");
  using channel = dial({
    targets: [mesh.addresses.processor],
    services: [ProcessorRegistryService],
    clock: systemClock,
    identity,
    serverIdentity: "spiffe://cardlane.dev/processor/*",
  });
  const call = channel.client(ProcessorRegistryService).getBalance({ merchantId: "X" });
  await expect(call).rejects.toMatchObject({ code: Code.PermissionDenied });
});

test("a server with another identity than expected is not spoken to", async () => {
  using identity = await clientAs("operator");
  using channel = dial({
    targets: [mesh.addresses.processor],
    services: [RelayService],
    clock: systemClock,
    identity,
    serverIdentity: "spiffe://cardlane.dev/relay/*",
    timeoutMs: 2_000,
  });
  const call = channel.client(RelayService).listPayments({});
  await expect(call).rejects.toSatisfy((error) =>
    [Code.Unavailable, Code.DeadlineExceeded].includes(ConnectError.from(error).code),
  );
});

type Calls = Readonly<Record<string, () => Promise<unknown>>>;

/** Every method of both services, as somebody. */
async function callsAs(holder: Holder) {
  const resources = new DisposableStack();
  const identity = resources.use(await clientAs(holder));
  const channel = resources.use(
    dial({
      targets: [mesh.addresses.relay],
      services: [NotificationService, WebhookService],
      clock: systemClock,
      identity,
      serverIdentity: "spiffe://cardlane.dev/relay/*",
    }),
  );
  const notifications = channel.client(NotificationService);
  const webhooks = channel.client(WebhookService);
  const calls: Calls = {
    listNotifications: () => notifications.listNotifications({}),
    resendNotification: () => notifications.resendNotification({ id: "NONE" }),
    setOptOut: () => notifications.setOptOut({ address: "x@y.example", isOptedOut: false }),
    sendReceipt: () => notifications.sendReceipt({ recordNumber: "000000000003" }),
    listWebhooks: () => webhooks.listWebhooks({}),
    addWebhook: () => webhooks.addWebhook({ url: "nothing" }),
    removeWebhook: () => webhooks.removeWebhook({ id: "wh_0" }),
    redeliverWebhook: () => webhooks.redeliverWebhook({ id: "wh_0" }),
  };
  const refused = async () => {
    const names: string[] = [];
    for (const [name, call] of Object.entries(calls)) {
      const code = await call().then(
        () => undefined,
        (error: { readonly code: Code }) => error.code,
      );
      if (code === Code.PermissionDenied) names.push(name);
    }
    return names;
  };
  return { all: Object.keys(calls), refused, [Symbol.dispose]: () => resources.dispose() };
}

test.each([
  { holder: "operator", may: "everything" },
  { holder: "terminal", may: "sendReceipt" },
  { holder: "processor", may: "nothing" },
  { holder: "relay", may: "nothing" },
] as const)("of notifications and webhooks the $holder may do: $may", async ({ holder, may }) => {
  using calls = await callsAs(holder);
  const allowed = { everything: calls.all, sendReceipt: ["sendReceipt"], nothing: [] }[may];
  const expected = calls.all.filter((name) => !(allowed as string[]).includes(name));
  expect(await calls.refused()).toEqual(expected);
});
