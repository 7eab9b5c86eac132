import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import {
  TerminalContactSchema,
  TerminalRegistrationSchema,
} from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { DECLINE, REVERSE } from "../../test/fixtures/fake-processor.ts";
import { eventually } from "../../test/fixtures/notification-bed.ts";
import { TestBed, type TestRelay } from "../../test/fixtures/relay-bed.ts";
import { openRelayStore } from "../relay-store.ts";

const CONTACT = {
  phone: "+1 202 555 0123",
  email: "till@shop.example",
  language: "en-GB",
  timeZone: "Europe/Vienna",
};

const JOBS = "SELECT key, task_identifier, attempts, max_attempts FROM graphile_worker.jobs";

async function payOnce(bed: TestBed, relay: TestRelay, state: PaymentState): Promise<string> {
  const terminal = relay.openTerminal();
  const { signed, paymentId } = bed.signer.sign();
  terminal.submit(signed);
  return (await terminal.completedAs(paymentId, state)).recordNumber;
}

async function bedWithContact(contact = CONTACT): Promise<{ bed: TestBed; relay: TestRelay }> {
  const bed = await TestBed.start();
  const relay = await bed.startRelay();
  await bed.register(relay);
  const { terminalId } = bed.keys.terminal;
  await relay.registry.setTerminalContact({ terminalId, contact });
  return { bed, relay };
}

test("an outcome, its notifications and their jobs are written by one transaction", async () => {
  const { bed, relay } = await bedWithContact();
  await using _bed = bed;
  const recordNumber = await payOnce(bed, relay, PaymentState.APPROVED);
  const rows = await bed.query("SELECT id, channel, address, state FROM notification ORDER BY id");
  expect(rows).toEqual([
    {
      id: `${recordNumber}-APPROVED-EMAIL`,
      channel: "EMAIL",
      address: "till@shop.example",
      state: "QUEUED",
    },
    {
      id: `${recordNumber}-APPROVED-SMS`,
      channel: "SMS",
      address: "+12025550123",
      state: "QUEUED",
    },
  ]);
  const jobs = await bed.query(`${JOBS} ORDER BY key`);
  expect(jobs.map(({ key }) => key)).toEqual(rows.map(({ id }) => id));
  // PostgreSQL stamps each row with the transaction that wrote it.
  const transactions = await bed.query(`
    SELECT xmin::text FROM record UNION SELECT xmin::text FROM notification
    UNION SELECT xmin::text FROM graphile_worker._private_jobs`);
  expect(transactions).toHaveLength(1);
});

test("a declined payment is told too", async () => {
  const { bed, relay } = await bedWithContact({ ...CONTACT, phone: "" });
  await using _bed = bed;
  bed.processor.decide = () => DECLINE;
  const recordNumber = await payOnce(bed, relay, PaymentState.DECLINED);
  expect(await bed.query("SELECT id FROM notification")).toEqual([
    { id: `${recordNumber}-DECLINED-EMAIL` },
  ]);
});

test.each([{ fault: "OWNED_ELSEWHERE" }, { fault: "DUPLICATE_DIFFERS" }] as const)(
  "nobody is told DECLINED after $fault: it may be approved",
  async ({ fault }) => {
    const { bed, relay } = await bedWithContact();
    await using _bed = bed;
    bed.processor.decide = () => ({ fault });
    await payOnce(bed, relay, PaymentState.DECLINED);
    expect(await bed.query("SELECT id FROM notification")).toEqual([]);
    expect(await bed.query(JOBS)).toEqual([]);
    const events = await bed.query("SELECT state FROM record_event ORDER BY sequence");
    expect(events.at(-1)).toEqual({ state: "DECLINED" });
  },
);

test("nobody is told of a payment that was made impossible before it came", async () => {
  const { bed, relay } = await bedWithContact();
  await using _bed = bed;
  const { terminalId, merchantId } = bed.keys.terminal;
  bed.processor.decideReversal = () => "silence";
  const { paymentId } = bed.signer.sign();
  await relay.calls.cancelPayment({ paymentId, merchantId });
  // In plaintext nobody knows which terminal asks.
  await bed.query("UPDATE record SET terminal_id = $1", [terminalId]);
  bed.processor.decideReversal = () => REVERSE;
  await bed.putForward(5_000);
  const key = { case: "paymentId", value: paymentId } as const;
  await expect
    .poll(async () => (await relay.calls.getPayment({ key })).payment?.state)
    .toBe(PaymentState.REVERSED);
  expect(await bed.query("SELECT id FROM notification")).toEqual([]);
  expect(await bed.query(JOBS)).toEqual([]);
});

test.each([
  { name: "never had a contact", contact: undefined },
  { name: "has none any more", contact: { ...CONTACT, phone: "", email: "" } },
])("a terminal that $name makes no work", async ({ contact }) => {
  await using bed = await TestBed.start();
  const relay = await bed.startRelay();
  await bed.register(relay);
  const { terminalId } = bed.keys.terminal;
  for (const one of contact === undefined ? [] : [CONTACT, contact]) {
    await relay.registry.setTerminalContact({ terminalId, contact: one });
  }
  await payOnce(bed, relay, PaymentState.APPROVED);
  expect(await bed.query("SELECT id FROM notification")).toEqual([]);
  expect(await bed.query(JOBS)).toEqual([]);
});

/** How often the statement of an outcome has called the job queue, by PostgreSQL's own count. */
async function callsOfQueue(bed: TestBed): Promise<number> {
  const others = `FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()`;
  // A connection that ends gives its count away.
  await eventually(async () => {
    const left = await bed.query(`SELECT pg_terminate_backend(pid) ${others}`);
    return left.length === 0 ? undefined : left;
  });
  const [row] = await bed.query(`SELECT coalesce(sum(calls), 0)::int AS calls
    FROM pg_stat_user_functions WHERE schemaname = 'graphile_worker'`);
  return row?.calls;
}

test.each([
  { name: "with a contact calls it", contacts: [CONTACT], isCalled: true },
  { name: "without one calls no function of it", contacts: [], isCalled: false },
])("the job queue: an outcome of a terminal $name", async ({ contacts, isCalled }) => {
  await using bed = await TestBed.start();
  const [{ name }] = (await bed.query("SELECT current_database() AS name")) as [{ name: string }];
  await bed.query(`ALTER DATABASE "${name}" SET track_functions = 'all'`);
  const relay = await bed.startRelay();
  await bed.register(relay);
  const { terminalId } = bed.keys.terminal;
  for (const contact of contacts) {
    await relay.registry.setTerminalContact({ terminalId, contact });
  }
  await payOnce(bed, relay, PaymentState.APPROVED);
  expect((await callsOfQueue(bed)) > 0).toBe(isCalled);
});

test.each([
  { name: "notification", ruin: "ALTER TABLE notification ADD CONSTRAINT no CHECK (false)" },
  {
    name: "job",
    ruin: "ALTER TABLE graphile_worker._private_jobs ADD CONSTRAINT no CHECK (false)",
  },
])("without its $name there is no outcome", async ({ ruin }) => {
  const { bed, relay } = await bedWithContact();
  await using _bed = bed;
  bed.processor.decide = () => "silence";
  const terminal = relay.openTerminal();
  const { signed, paymentId } = bed.signer.sign();
  terminal.submit(signed);
  const { recordNumber } = await terminal.recordedOf(paymentId);
  await bed.query(ruin);
  await using store = openRelayStore(bed.databaseUrl, "B1");
  const [number] = (await bed.query("SELECT record_number FROM record")) as [
    { record_number: never },
  ];
  const ending = {
    recordNumber: number.record_number,
    state: "DECLINED",
    revision: 1,
    responseCode: "05",
    approvalCode: "",
    retrievalReference: "",
    approvedAmountMinor: 0n,
    lastFour: "",
    scheme: "",
    result: undefined,
    faultCode: undefined,
    isKept: false,
  } as const;
  await expect(store.records.complete([ending])).rejects.toThrow(/"no"/);
  expect(await bed.query("SELECT record_number, state FROM record")).toEqual([
    { record_number: recordNumber, state: "FORWARDED" },
  ]);
});

test("a registration without contact keeps what is there; another replaces it", async () => {
  const { bed, relay } = await bedWithContact();
  await using _bed = bed;
  await bed.register(relay);
  const listed = await relay.registry.listTerminals({});
  expect(listed.terminals).toMatchObject([{ contact: { ...CONTACT, phone: "+12025550123" } }]);
  const { terminal } = bed.keys;
  const { certificate } = terminal;
  const contact = create(TerminalContactSchema, { ...CONTACT, language: "zh-CN" });
  await relay.registry.registerTerminals({
    terminals: [
      create(TerminalRegistrationSchema, { certificate, state: 1, currencies: [978], contact }),
    ],
  });
  const again = await relay.registry.listTerminals({});
  expect(again.terminals).toMatchObject([{ contact: { language: "zh-CN" } }]);
});

test.each([
  { name: "a terminal nobody knows", terminalId: "TILL9999", phone: "", error: /not registered/ },
  {
    name: "a telephone number that is none",
    terminalId: "TILL0001",
    phone: "12",
    error: /phone/,
  },
])("refuses to set the contact of $name", async ({ terminalId, phone, error }) => {
  const { bed, relay } = await bedWithContact();
  await using _bed = bed;
  const call = relay.registry.setTerminalContact({ terminalId, contact: { phone } });
  await expect(call).rejects.toThrow(error);
});
