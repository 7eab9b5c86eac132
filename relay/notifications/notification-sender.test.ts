import { expect, test } from "vitest";
import { PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { temporaryDirectory } from "../../mesh/testing/certificates.ts";
import { findLinked } from "../../mesh/tracing/span-record.ts";
import { startTelemetry } from "../../mesh/tracing/telemetry.ts";
import { CONTACT, eventually, NotificationBed } from "../../test/fixtures/notification-bed.ts";
import { startSmsPeer } from "../../test/fixtures/sms-peer.ts";
import { addressKey } from "../registry/contact.ts";

const { APPROVED } = PaymentState;

test("who opted out gets nothing, whatever way the address is written, until allowed", async () => {
  await using bed = await NotificationBed.start();
  bed.startSending();
  const { notifications } = bed.relay;
  await notifications.setOptOut({ address: "Till@Shop.example", isOptedOut: true });
  await notifications.setOptOut({ address: "+1 202 555 0123", isOptedOut: true });
  await bed.pay(APPROVED);
  await bed.statesAre(["SUPPRESSED", "SUPPRESSED"]);
  expect((await bed.states()).map(([, reason]) => reason)).toEqual(["opted out", "opted out"]);
  expect(bed.inbox.arrivals).toEqual([]);
  await notifications.setOptOut({ address: CONTACT.email, isOptedOut: false });
  const { notifications: listed } = await notifications.listNotifications({ state: 5 });
  for (const { id } of listed) await notifications.resendNotification({ id });
  await bed.statesAre(["SENT", "SUPPRESSED"]);
});

test("a person's STOP reaches the list of those who opted out", async () => {
  await using bed = await NotificationBed.start({ email: "" });
  await using centre = await startSmsPeer();
  const smsCentres = [centreAt(centre.port)];
  bed.startSending({ smsCentres });
  await bed.pay(APPROVED);
  await bed.statesAre(["SENT"]);
  await centre.deliver({ source_addr: "12025550123", short_message: "STOP" });
  await bed.pay(APPROVED);
  await eventually(async () => {
    const states = (await bed.states()).map(([state]) => state).toSorted();
    return states.join() === "SENT,SUPPRESSED" ? undefined : states;
  });
});

test("with an allow-list nobody else is written to", async () => {
  await using bed = await NotificationBed.start();
  bed.startSending({ allowed: ["*@shop.example"] });
  await bed.pay(APPROVED);
  await bed.statesAre(["SENT", "SUPPRESSED"]);
  expect(bed.inbox.arrivals).toMatchObject([{ to: "till@shop.example" }]);
});

test("over the limit a message waits, and is not lost", async () => {
  await using bed = await NotificationBed.start({ phone: "" });
  bed.startSending({ perHourMax: 1 });
  await bed.pay(APPROVED);
  await bed.statesAre(["SENT"]);
  const recordNumber = await bed.pay(APPROVED);
  const key = `${recordNumber}-APPROVED-EMAIL`;
  await eventually(async () => {
    const jobs = await bed.bed.query(
      "SELECT key FROM graphile_worker.jobs WHERE run_at > now() + interval '50 minutes'",
    );
    return jobs[0]?.key === key ? undefined : jobs;
  });
  expect(bed.inbox.arrivals).toHaveLength(1);
  await bed.bed.putForward(3_600_000);
  await bed.hurry();
  await bed.statesAre(["SENT", "SENT"]);
});

test("duplicate receipts change nothing; one that says undelivered is shown", async () => {
  await using bed = await NotificationBed.start({ email: "" });
  await using centre = await startSmsPeer();
  bed.startSending({ smsCentres: [centreAt(centre.port)] });
  const receipt = (id: string, stat: string) =>
    centre.deliver({ esm_class: 4, short_message: `id:${id} stat:${stat}` });
  await bed.pay(APPROVED);
  await bed.statesAre(["SENT"]);
  expect(await receipt("m1", "DELIVRD")).toBe(0);
  expect(await receipt("m1", "DELIVRD")).toBe(0);
  expect(await receipt("m1", "UNDELIV")).toBe(0);
  await bed.statesAre(["DELIVERED"]);
  // Before the message itself: the centre was faster than the database.
  expect(await receipt("m2", "UNDELIV")).toBe(0);
  await bed.pay(APPROVED);
  await eventually(async () => {
    const states = (await bed.states()).map(([state]) => state).toSorted();
    return states.join() === "DELIVERED,FAILED" ? undefined : states;
  });
  expect((await bed.states()).map(([, reason]) => reason)).toContain("not delivered: UNDELIV");
});

test("a receipt goes to the cardholder once, however often it is asked for", async () => {
  await using bed = await NotificationBed.start({ email: "", phone: "" });
  bed.startSending();
  const recordNumber = await bed.pay(APPROVED);
  const request = {
    recordNumber: recordNumber.toLowerCase(),
    address: { case: "email", value: "guest@home.example" },
    language: "zh-CN",
    timeZone: "Asia/Shanghai",
  } as const;
  const first = await bed.relay.notifications.sendReceipt(request);
  await bed.statesAre(["SENT"]);
  const second = await bed.relay.notifications.sendReceipt(request);
  expect(second.notification?.id).toBe(first.notification?.id);
  expect(bed.inbox.arrivals).toMatchObject([
    { to: "guest@home.example", subject: expect.stringContaining("收据 · 支付成功") },
  ]);
});

test("a receipt is sent again to the same address, when somebody asks a minute later", async () => {
  await using bed = await NotificationBed.start({ email: "", phone: "" });
  bed.startSending();
  const recordNumber = await bed.pay(APPROVED);
  const address = { case: "email", value: "guest@home.example" } as const;
  const first = await bed.relay.notifications.sendReceipt({ recordNumber, address });
  await bed.statesAre(["SENT"]);
  await bed.bed.query("UPDATE notification SET sent_at = sent_at - interval '61 s'");
  const second = await bed.relay.notifications.sendReceipt({ recordNumber, address });
  expect(second.notification?.id).toBe(first.notification?.id);
  await expect.poll(() => bed.inbox.arrivals.length).toBe(2);
  await bed.statesAre(["SENT"]);
  await bed.relay.notifications.sendReceipt({ recordNumber, address });
  expect(bed.inbox.arrivals).toHaveLength(2);
});

test.each(["kasse@bücher.example", "街角@shop.example"])("a mail reaches %s", async (email) => {
  await using bed = await NotificationBed.start({ email, phone: "" });
  bed.startSending();
  await bed.pay(APPROVED);
  await bed.statesAre(["SENT"]);
  const [mail] = bed.inbox.arrivals;
  expect(addressKey(mail?.to ?? "")).toBe(addressKey(email));
});

test.each([
  { name: "no address", address: { case: undefined }, number: "", error: /email is required/ },
  {
    name: "an empty one",
    address: { case: "email", value: "" },
    number: "",
    error: /not be empty/,
  },
  {
    name: "no mailbox",
    address: { case: "email", value: "x" },
    number: "",
    error: /must be a mail/,
  },
  {
    name: "a record nobody knows",
    address: { case: "email", value: "guest@home.example" },
    number: "A1ZGQE4Q3D8F",
    error: /not_found/i,
  },
] as const)("a receipt with $name is refused", async ({ address, number, error }) => {
  await using bed = await NotificationBed.start();
  const recordNumber = number === "" ? await bed.pay(APPROVED) : number;
  await expect(bed.relay.notifications.sendReceipt({ recordNumber, address })).rejects.toThrow(
    error,
  );
});

test("of a payment that was made impossible before it came there is no receipt", async () => {
  await using bed = await NotificationBed.start();
  const { paymentId } = bed.bed.signer.sign();
  const { merchantId } = bed.bed.keys.terminal;
  const { calls, notifications } = bed.relay;
  const { completed } = await calls.cancelPayment({ paymentId, merchantId });
  const key = { case: "paymentId", value: paymentId } as const;
  await expect
    .poll(async () => (await calls.getPayment({ key })).payment?.state)
    .toBe(PaymentState.REVERSED);
  const recordNumber = completed?.recordNumber ?? "";
  const address = { case: "email", value: "guest@home.example" } as const;
  await expect(notifications.sendReceipt({ recordNumber, address })).rejects.toThrow(
    /made impossible before it came/,
  );
});

test("the sending is a span of its own that is linked to the payment's trace", async () => {
  await using bed = await NotificationBed.start({ phone: "" });
  await using directory = await temporaryDirectory();
  const environment = { CARDLANE_SPANS_DIR: directory.path };
  const telemetry = await startTelemetry({ program: "relay", instance: "A1" }, environment);
  const sending = bed.startSending({}, telemetry);
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  await bed.pay(APPROVED, { traceparent: `00-${traceId}-b7ad6b7169203331-01` });
  await bed.statesAre(["SENT"]);
  // A span ends after its job's last statement.
  await sending[Symbol.asyncDispose]();
  await telemetry.shutdown();
  expect(await findLinked(directory.path, traceId)).toMatchObject([
    { name: "notification.send email", kind: "producer", isError: false },
  ]);
});

test("a relay that died while it sent leaves the job to the next one", async () => {
  await using bed = await NotificationBed.start({ phone: "" });
  await bed.pay(APPROVED);
  // As a killed process leaves it.
  await bed.bed.query(`UPDATE graphile_worker._private_jobs
    SET locked_by = 'worker-dead', locked_at = now() - interval '4 minutes', attempts = 1`);
  bed.startSending();
  await bed.statesAre(["SENT"]);
});

function centreAt(port: number) {
  const plain = { name: "peer", prefix: "+", host: "127.0.0.1", isTls: false };
  return { ...plain, port, systemId: "relay", password: "right" };
}
