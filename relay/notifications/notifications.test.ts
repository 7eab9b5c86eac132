import { expect, test } from "vitest";
import { PaymentKind, PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { DECLINE } from "../../test/fixtures/fake-processor.ts";
import { eventually, NotificationBed } from "../../test/fixtures/notification-bed.ts";

const { APPROVED, DECLINED } = PaymentState;

test("the owner of a terminal gets the result by mail and by SMS", async () => {
  await using bed = await NotificationBed.start();
  bed.startSending();
  await bed.pay(APPROVED);
  await bed.statesAre(["SENT", "DELIVERED"]);
  const arrivals = bed.inbox.arrivals.toSorted((a, b) => a.channel.localeCompare(b.channel));
  expect(arrivals).toMatchObject([
    {
      channel: "EMAIL",
      to: "till@shop.example",
      from: '"Cardlane" <payments@cardlane.example>',
      subject: expect.stringMatching(/^Approved €\d/),
      text: expect.stringContaining("Card: VISA …4242"),
      html: expect.stringContaining("The payment was approved."),
    },
    {
      channel: "SMS",
      to: "+12025550123",
      from: "cardlane",
      text: expect.stringMatching(/: Approved €.*VISA \*4242.*CES?T/),
    },
  ]);
});

test("a refund is told as one", async () => {
  await using bed = await NotificationBed.start();
  bed.startSending();
  await bed.pay(APPROVED, { kind: PaymentKind.REFUND });
  await bed.statesAre(["SENT", "DELIVERED"]);
  const told = bed.inbox.arrivals.map(({ subject, text }) => subject || text);
  expect(told).toEqual(Array(2).fill(expect.stringContaining("Refund approved €")));
});

test.each([
  { state: "VOIDED", says: /^Voided €.*cancelled afterwards/s },
  { state: "REVERSED", says: /^Reversed €.*was undone/s },
] as const)("an approval is told, and that it is $state later too", async ({ state, says }) => {
  await using bed = await NotificationBed.start({ language: "en" });
  bed.startSending();
  const recordNumber = await bed.pay(APPROVED);
  await bed.statesAre(["SENT", "DELIVERED"]);
  await bed.change(recordNumber, state);
  await bed.change(recordNumber, state);
  await bed.statesAre(["SENT", "DELIVERED", "SENT", "DELIVERED"]);
  const ids = await bed.bed.query("SELECT id FROM notification ORDER BY id");
  expect(ids.map(({ id }) => id)).toEqual([
    `${recordNumber}-APPROVED-EMAIL`,
    `${recordNumber}-APPROVED-SMS`,
    `${recordNumber}-${state}-EMAIL`,
    `${recordNumber}-${state}-SMS`,
  ]);
  const later = bed.inbox.arrivals.slice(2);
  expect(later.find(({ channel }) => channel === "EMAIL")?.text).toMatch(says);
  expect(later.find(({ channel }) => channel === "SMS")?.text).toContain(recordNumber.slice(-4));
});

test("a decline in Chinese goes out as UCS-2 in parts, and arrives whole", async () => {
  await using bed = await NotificationBed.start({ email: "", language: "zh-CN" });
  bed.bed.processor.decide = () => DECLINE;
  await bed.bed.query("UPDATE terminal SET merchant_name = $1", ["街角小店".repeat(12)]);
  bed.startSending();
  await bed.pay(DECLINED);
  await bed.statesAre(["DELIVERED"]);
  expect(bed.inbox.arrivals).toMatchObject([
    { text: expect.stringMatching(/街角小店：.*余额不足/) },
  ]);
  const [{ parts_sent }] = (await bed.bed.query("SELECT parts_sent FROM notification")) as [
    { parts_sent: number },
  ];
  expect(parts_sent).toBeGreaterThan(1);
});

test("what was queued while nothing was sending is sent when it starts again, once", async () => {
  await using bed = await NotificationBed.start();
  {
    await using _first = bed.startSending();
    await bed.pay(APPROVED);
    await bed.statesAre(["SENT", "DELIVERED"]);
  }
  await bed.pay(APPROVED);
  await bed.pay(APPROVED);
  expect(bed.inbox.arrivals).toHaveLength(2);
  bed.startSending();
  await eventually(() => (bed.inbox.arrivals.length === 6 ? undefined : bed.inbox.arrivals.length));
  expect(new Set(bed.inbox.arrivals.map(({ text }) => text)).size).toBe(6);
});

test("servers that refuse harm no payment; trying and giving up are visible", async () => {
  await using bed = await NotificationBed.start();
  const { doors } = bed.inbox;
  const port = Number(doors.smtp.split(":")[1]);
  await bed.inbox[Symbol.asyncDispose]();
  const mailServer = {
    host: "127.0.0.1",
    port,
    isTls: false,
    user: undefined,
    password: undefined,
  };
  bed.startSending({ mailServer, smsCentres: [] });
  await bed.pay(APPROVED);
  await eventually(async () => {
    const reasons = (await bed.states()).map(([, reason]) => reason);
    const isTried = reasons[0]?.includes("mail server: E") && reasons[1]?.includes("no SMS route");
    return isTried ? undefined : reasons;
  });
  expect((await bed.states()).map(([state]) => state)).toEqual(["QUEUED", "FAILED"]);
  await bed.bed.query("UPDATE graphile_worker._private_jobs SET attempts = max_attempts - 1");
  await bed.hurry();
  await bed.statesAre(["FAILED", "FAILED"]);
  const { notifications } = await bed.relay.notifications.listNotifications({});
  expect(notifications.map(({ reason }) => reason)).toEqual([
    expect.stringContaining("mail server: E"),
    "no SMS route is set up",
  ]);
});
