import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { ConnectError } from "@connectrpc/connect";
import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";
import { PaymentKind, PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { systemClock } from "../../mesh/clock.ts";
import { paymentErrorFrom } from "../../mesh/errors-to-wire.ts";
import { DECLINE } from "../../test/fixtures/fake-processor.ts";
import { eventually, NotificationBed } from "../../test/fixtures/notification-bed.ts";
import { webhookHeaders } from "./webhook-sender.ts";

const { APPROVED, DECLINED } = PaymentState;

interface Received {
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** @param answer status for each request, by how many came before. */
async function startReceiver(
  answer: (requestsBefore: number) => number = () => 204,
  fields: Record<string, string> = {},
) {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
    );
    const status = answer(received.length);
    received.push({ headers, body: Buffer.concat(chunks).toString() });
    response.writeHead(status, { location: "http://127.0.0.1:1/", ...fields }).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not a TCP address");
  return {
    url: `http://127.0.0.1:${address.port}/hook`,
    received,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}

const quiet = { email: "", phone: "" };
/** The example that receivers are written from. */
function documentedBody(): unknown {
  const [, json = ""] =
    /```json\n(.*?)```/s.exec(readFileSync("docs/notifications.md", "utf8")) ?? [];
  return JSON.parse(json);
}

/** The names of all members in their order, and the types of their values. */
function shapeOf(value: unknown): unknown {
  if (!(value instanceof Object)) return typeof value;
  return Object.entries(value).map(([name, member]) => [name, shapeOf(member)]);
}

const typeOf = ({ body }: Received): string => JSON.parse(body).type;

test("each event comes in order, signed so that another library accepts it", async () => {
  await using bed = await NotificationBed.start(quiet);
  await using receiver = await startReceiver();
  const { secret } = await bed.relay.webhooks.addWebhook({ url: receiver.url });
  bed.startSending();
  const recordNumber = await bed.pay(APPROVED, { kind: PaymentKind.REFUND });
  await eventually(() => (receiver.received.length === 2 ? undefined : receiver.received.length));
  expect(receiver.received.map(typeOf)).toEqual(["payment.forwarded", "payment.approved"]);
  const verified = receiver.received.map(({ body, headers }) =>
    new Webhook(secret).verify(body, headers),
  );
  expect(verified[1]).toMatchObject({
    data: { recordNumber, kind: "REFUND", state: "APPROVED", lastFour: "4242", currency: "EUR" },
  });
  expect(verified.map(shapeOf)).toEqual(Array(2).fill(shapeOf(documentedBody())));
  const [{ body, headers }] = receiver.received as [Received];
  expect(() => new Webhook(secret).verify(`${body} `, headers)).toThrow(/signature/i);
});

test("DECLINED that is no end has a type of its own, with certainty and fault", async () => {
  await using bed = await NotificationBed.start(quiet);
  await using receiver = await startReceiver();
  await bed.relay.webhooks.addWebhook({ url: receiver.url });
  bed.bed.processor.decide = () => ({ fault: "OWNED_ELSEWHERE" });
  bed.startSending();
  await bed.pay(DECLINED);
  await eventually(() => (receiver.received.length === 2 ? undefined : receiver.received.length));
  expect(JSON.parse(receiver.received[1]?.body ?? "")).toMatchObject({
    type: "payment.unknown",
    data: { state: "DECLINED", certainty: "UNKNOWN", faultCode: "OWNED_ELSEWHERE" },
  });
});

test("a receiver refuses what is replayed after minutes", () => {
  const secret = Buffer.alloc(32, 7);
  const longAgoMs = systemClock.nowMs() - 600_000;
  const headers = { ...webhookHeaders(secret, "wh_1_2", longAgoMs, "{}") };
  const verify = () => new Webhook(secret.toString("base64")).verify("{}", headers);
  expect(verify).toThrow(/timestamp/i);
});

test("what is not taken holds back what is behind it, and keeps its id", async () => {
  await using bed = await NotificationBed.start(quiet);
  await using receiver = await startReceiver((before) => (before < 2 ? 503 : 200));
  await bed.relay.webhooks.addWebhook({ url: receiver.url });
  bed.bed.processor.decide = () => DECLINE;
  bed.startSending();
  await bed.pay(DECLINED);
  await eventually(async () => {
    await bed.hurry();
    return receiver.received.length >= 4 ? undefined : receiver.received.length;
  });
  expect(receiver.received.map(typeOf)).toEqual([
    ...Array(3).fill("payment.forwarded"),
    "payment.declined",
  ]);
  const ids = receiver.received.map(({ headers }) => headers["webhook-id"]);
  expect(new Set(ids).size).toBe(2);
  await eventually(async () => {
    const { webhooks } = await bed.relay.webhooks.listWebhooks({});
    return webhooks[0]?.waiting === 0 ? undefined : webhooks[0]?.waiting;
  });
});

test("a receiver that redirects gets nothing more, and the reason is shown", async () => {
  await using bed = await NotificationBed.start(quiet);
  await using receiver = await startReceiver(() => 307);
  await bed.relay.webhooks.addWebhook({ url: receiver.url });
  bed.startSending();
  await bed.pay(APPROVED);
  await eventually(async () => {
    const { webhooks } = await bed.relay.webhooks.listWebhooks({});
    return webhooks[0]?.reason === "the receiver answered 307" ? undefined : webhooks[0]?.reason;
  });
});

test("a receiver that is gone gets nothing more, until an operator brings it back", async () => {
  await using bed = await NotificationBed.start(quiet);
  await using receiver = await startReceiver((before) => (before === 0 ? 410 : 204));
  const { webhook } = await bed.relay.webhooks.addWebhook({ url: receiver.url });
  const id = webhook?.id ?? "";
  bed.startSending();
  await bed.pay(APPROVED);
  const listed = async () => (await bed.relay.webhooks.listWebhooks({})).webhooks[0];
  await eventually(async () => {
    await bed.hurry();
    const { endedAtMs = 0n, reason } = (await listed()) ?? {};
    return endedAtMs > 0n && reason === "the receiver answered 410" ? undefined : reason;
  });
  await bed.pay(APPROVED);
  await bed.nothingIsQueued();
  expect(receiver.received).toHaveLength(1);
  const { events } = await bed.relay.webhooks.redeliverWebhook({ id, afterSequence: 1_000_000n });
  expect(events).toBeGreaterThan(0);
  await eventually(() => (receiver.received.length === 5 ? undefined : receiver.received.length));
  await eventually(async () => ((await listed())?.waiting === 0 ? undefined : await listed()));
  expect(await listed()).toMatchObject({ endedAtMs: 0n, reason: "", waiting: 0 });
});

test("a receiver that says when gets nothing before, of no payment", async () => {
  await using bed = await NotificationBed.start(quiet);
  const asked = { "retry-after": "3600" };
  await using receiver = await startReceiver((before) => (before === 0 ? 503 : 204), asked);
  await bed.relay.webhooks.addWebhook({ url: receiver.url });
  bed.startSending();
  const first = await bed.pay(APPROVED);
  await eventually(() => (receiver.received.length === 1 ? undefined : "nothing came"));
  await bed.pay(APPROVED);
  await bed.allQueuedAfter(3_000);
  await bed.hurry();
  await bed.allQueuedAfter(3_000);
  expect(receiver.received).toHaveLength(1);
  await bed.bed.query("UPDATE webhook SET paused_until = now()");
  await bed.hurry();
  await eventually(() => (receiver.received.length === 5 ? undefined : receiver.received.length));
  const ids = receiver.received.map(({ headers }) => headers["webhook-id"]);
  expect(ids.filter((id) => id === ids[0])).toHaveLength(2);
  expect(receiver.received.filter(({ body }) => body.includes(first))).toHaveLength(3);
});

test("a receiver that always asks to wait is given up like others", async () => {
  await using bed = await NotificationBed.start(quiet);
  await using receiver = await startReceiver(() => 429, { "retry-after": "3600" });
  await bed.relay.webhooks.addWebhook({ url: receiver.url });
  bed.startSending();
  await bed.pay(APPROVED);
  await eventually(async () => {
    await bed.bed.query("UPDATE webhook SET paused_until = NULL");
    await bed.hurry();
    const [row] = await bed.bed.query(
      "SELECT max(attempts) AS attempts FROM webhook_delivery WHERE delivered_at IS NULL",
    );
    return row?.attempts >= 12 ? undefined : row;
  });
  await eventually(async () => {
    const [row] = await bed.bed.query(
      "SELECT count(*)::int AS alive FROM graphile_worker.jobs WHERE attempts < max_attempts",
    );
    return row?.alive === 0 ? undefined : row;
  });
});

test("redelivery sends the same events again, with the same ids", async () => {
  await using bed = await NotificationBed.start(quiet);
  await using receiver = await startReceiver();
  const { webhook } = await bed.relay.webhooks.addWebhook({ url: receiver.url });
  const id = webhook?.id ?? "";
  bed.startSending();
  await bed.pay(APPROVED);
  await eventually(() => (receiver.received.length === 2 ? undefined : receiver.received.length));
  expect(await bed.relay.webhooks.redeliverWebhook({ id })).toMatchObject({ events: 2 });
  await eventually(() => (receiver.received.length === 4 ? undefined : receiver.received.length));
  const ids = receiver.received.map(({ headers }) => headers["webhook-id"]);
  expect(ids.slice(2)).toEqual(ids.slice(0, 2));
  await bed.relay.webhooks.removeWebhook({ id });
  expect(await bed.relay.webhooks.listWebhooks({})).toMatchObject({ webhooks: [] });
});

test.each([
  { name: "plaintext beyond this machine", url: "http://shop.example/hook" },
  { name: "a password", url: "https://a:b@shop.example/hook" },
  { name: "another protocol", url: "file:///etc/hosts" },
  { name: "no URL", url: "hook" },
])("a webhook with $name is refused", async ({ url }) => {
  await using bed = await NotificationBed.start(quiet);
  await expect(bed.relay.webhooks.addWebhook({ url })).rejects.toThrow(/url must be an https URL/);
});

test.each([
  { url: "https://169.254.169.254/latest/meta-data/", says: "must lead to the public internet" },
  { url: "https://shop.example:6667/", says: "must have a port that speaks HTTP, got 6667" },
])("a webhook that leads inside, or nowhere, is refused: $url", async ({ url, says }) => {
  await using bed = await NotificationBed.start(quiet);
  const error = await bed.relay.webhooks.addWebhook({ url }).catch(ConnectError.from);
  expect(paymentErrorFrom(error as ConnectError)).toMatchObject({
    code: "MALFORMED_REQUEST",
    field: "url",
    message: `url ${says}`,
  });
});

test("no event has a number over 63 bits, and no webhook an id with NUL", async () => {
  await using bed = await NotificationBed.start(quiet);
  const { webhooks } = bed.relay;
  const { webhook } = await webhooks.addWebhook({ url: "https://shop.example/hook" });
  const call = webhooks.redeliverWebhook({ id: webhook?.id ?? "", afterSequence: 2n ** 63n });
  await expect(call).rejects.toThrow(
    "after_sequence must be 0 to 9223372036854775807, got 9223372036854775808",
  );
  expect(await webhooks.removeWebhook({ id: "wh\0" })).toMatchObject({});
  expect((await webhooks.listWebhooks({})).webhooks).toHaveLength(1);
});

test("only a webhook that is there can be delivered again", async () => {
  await using bed = await NotificationBed.start(quiet);
  const call = bed.relay.webhooks.redeliverWebhook({ id: "wh_0" });
  await expect(call).rejects.toThrow(/id must be the id of a webhook/);
});
