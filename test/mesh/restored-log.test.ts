import { once } from "node:events";
import { createServer } from "node:http";
import { expect, test } from "vitest";
import { PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { WatchPaymentsResponse } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { silentLog } from "../../mesh/log.ts";
import { noTelemetry } from "../../mesh/tracing/telemetry.ts";
import { startNotifications } from "../../relay/notifications/notifications.ts";
import { openRelayStore } from "../../relay/relay-store.ts";
import { networksIn } from "../../relay/webhooks/receivers.ts";
import { TestBed, type TestRelay } from "../fixtures/relay-bed.ts";
import { RelayCluster } from "./relay-cluster.ts";

const PATIENCE = { timeout: 60_000, interval: 100 };
const TEST_MS = 120_000;

async function pay(bed: TestBed, relay: TestRelay): Promise<string> {
  const terminal = relay.openTerminal();
  const { signed, paymentId } = bed.signer.sign();
  terminal.submit(signed);
  return (await terminal.completedAs(paymentId, PaymentState.APPROVED)).recordNumber;
}

/** Everything of a watch from a position, until the payment is told as approved. */
async function watchUntil(relay: TestRelay, afterSequence: bigint, recordNumber: string) {
  const heard: WatchPaymentsResponse[] = [];
  for await (const response of relay.calls.watchPayments({ afterSequence })) {
    heard.push(response);
    const isLast = response.payment?.recordNumber === recordNumber;
    if (isLast && response.state === PaymentState.APPROVED) break;
  }
  return {
    numbers: [...new Set(heard.flatMap(({ payment }) => payment?.recordNumber ?? []))],
    resets: heard.filter(({ logReset }) => logReset !== undefined).length,
    position: heard.at(-1)?.position ?? 0n,
  };
}

/** A shop's system: the types of the events that it was sent. */
async function startReceiver() {
  const types: string[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    types.push(JSON.parse(Buffer.concat(chunks).toString()).type);
    response.writeHead(204).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not a TCP address");
  return {
    url: `http://127.0.0.1:${address.port}/hook`,
    types,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Works the queue of webhooks. */
function startSending(bed: TestBed): AsyncDisposable {
  const stack = new AsyncDisposableStack();
  const { databaseUrl, clock } = bed;
  const store = stack.use(openRelayStore(databaseUrl, "N1"));
  const settings = {
    databaseUrl,
    webhookNetworks: networksIn(["127.0.0.0/8"]),
    mailServer: undefined,
    mailFrom: "",
    smsCentres: [],
    smsFrom: "",
    allowed: undefined,
    perHourMax: 1,
    keepDays: 90,
    keepRecordsDays: undefined,
    keepTombstonesDays: 90,
    unsubscribe: undefined,
  };
  const around = { clock, jitter: () => 0.5, log: silentLog, telemetry: noTelemetry };
  stack.use(startNotifications(store, settings, around));
  return stack;
}

/** A relay on a cluster of its own, whose log has one payment. */
async function openShop(stack: AsyncDisposableStack) {
  const cluster = stack.use(await RelayCluster.start());
  const bed = stack.use(await TestBed.on(cluster.url));
  const relay = await bed.startRelay();
  await bed.register(relay);
  const before = await watchUntil(relay, 0n, await pay(bed, relay));
  return { cluster, bed, relay, before };
}

const epochs = async (cluster: RelayCluster) =>
  (await cluster.query("SELECT epoch FROM log_epoch ORDER BY epoch")).map(({ epoch }) => epoch);

test(
  "a snapshot that is put back under a running relay: payments go on, who knew more hears so",
  async () => {
    await using stack = new AsyncDisposableStack();
    const { cluster, bed, relay, before } = await openShop(stack);
    await cluster.snapshot();
    const lost = await payWhenReached(bed, relay);
    const after = await watchUntil(relay, before.position, lost);
    await cluster.putBack();
    const next = await payWhenReached(bed, relay);
    expect(await epochs(cluster)).toEqual([1, 2]);
    const knewMore = await watchUntil(relay, after.position, next);
    expect(knewMore).toMatchObject({ numbers: [next], resets: 1 });
    const knewLess = await watchUntil(relay, before.position, next);
    expect(knewLess).toMatchObject({ numbers: [next], resets: 0 });
    expect(knewMore.position > after.position).toBe(true);
  },
  TEST_MS,
);

test(
  "a base backup that is recovered: other relays find another timeline, and nothing is silent",
  async () => {
    await using stack = new AsyncDisposableStack();
    const { cluster, bed, relay, before } = await openShop(stack);
    const receiver = stack.use(await startReceiver());
    await relay.webhooks.addWebhook({ url: receiver.url });
    await cluster.baseBackup();
    const lost = await pay(bed, relay);
    const after = await watchUntil(relay, before.position, lost);
    await relay[Symbol.asyncDispose]();
    await cluster.recover();
    const second = await bed.startRelay();
    const next = await pay(bed, second);
    expect(await epochs(cluster)).toEqual([1, 2]);
    expect(await watchUntil(second, after.position, next)).toMatchObject({
      numbers: [next],
      resets: 1,
    });
    expect(await watchUntil(second, before.position, next)).toMatchObject({
      numbers: [next],
      resets: 0,
    });
    await using _sending = startSending(bed);
    await expect.poll(() => receiver.types, PATIENCE).toContain("log.reset");
    await expect.poll(() => receiver.types, PATIENCE).toContain("payment.approved");
    expect(receiver.types.filter((type) => type === "log.reset")).toHaveLength(1);
  },
  TEST_MS,
);

test(
  "a dump in another cluster: positions stay above all that were told, and no number collides",
  async () => {
    await using stack = new AsyncDisposableStack();
    const { cluster, bed, relay, before } = await openShop(stack);
    for (let count = 0; count < 500; count += 1) await cluster.query("SELECT pg_current_xact_id()");
    const told = await watchUntil(relay, before.position, await pay(bed, relay));
    await relay[Symbol.asyncDispose]();
    await using other = await cluster.dumpedElsewhere();
    bed.databaseUrl = other.url;
    const second = await bed.startRelay();
    const numbers = [];
    for (let count = 0; count < 12; count += 1) numbers.push(await pay(bed, second));
    expect(await epochs(other)).toEqual([1, 2]);
    const last = numbers.at(-1) ?? "";
    const heard = await watchUntil(second, told.position, last);
    expect(heard).toMatchObject({ numbers, resets: 0 });
    const rest = await other.query(
      "SELECT count(*)::int AS count FROM record WHERE due_at IS NULL",
    );
    expect(rest).toEqual([{ count: 14 }]);
  },
  TEST_MS,
);

test(
  "a server that only starts again begins no epoch",
  async () => {
    await using stack = new AsyncDisposableStack();
    const { cluster, bed, relay, before } = await openShop(stack);
    await cluster.snapshot();
    const next = await payWhenReached(bed, relay);
    expect(await epochs(cluster)).toEqual([1]);
    expect(await watchUntil(relay, before.position, next)).toMatchObject({ resets: 0 });
  },
  TEST_MS,
);

/** The relay has to find out that its connections are broken. */
async function payWhenReached(bed: TestBed, relay: TestRelay): Promise<string> {
  const { merchantId } = bed.keys.terminal;
  const isReached = async () => {
    await relay.calls.listPayments({ merchantId });
    return true;
  };
  await expect.poll(() => isReached().catch(() => false), PATIENCE).toBe(true);
  const terminal = relay.openTerminal();
  const { signed, paymentId } = bed.signer.sign();
  await expect
    .poll(async () => {
      terminal.submit(signed);
      return terminal.completed.some(({ state }) => state === PaymentState.APPROVED);
    }, PATIENCE)
    .toBe(true);
  return (await terminal.completedAs(paymentId, PaymentState.APPROVED)).recordNumber;
}
