import { create } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { allReaders, allTerminals } from "../../dev-mesh/device-lists.ts";
import { type SignedEnvelope, SignedEnvelopeSchema } from "../../gen/cardlane/keys/v1/keys_pb.ts";
import { DeviceState } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { paymentErrorFrom } from "../../mesh/errors-to-wire.ts";
import { terminalName } from "../../payment/identifiers.ts";
import { certificateIdOf } from "../../sealing/curves/hash.ts";
import { present, TestBed, type TestRelay } from "../../test/fixtures/relay-bed.ts";

const { ACTIVE, SUSPENDED, RETIRED } = DeviceState;

let bed: TestBed;
let relay: TestRelay;

beforeAll(async () => {
  bed = await TestBed.start();
  relay = await bed.startRelay();
  await bed.register(relay);
});

afterAll(() => bed[Symbol.asyncDispose]());

test("what was registered is listed", async () => {
  const { reader, terminal } = bed.keys;
  const { readers } = await relay.registry.listReaders({});
  expect(readers).toMatchObject([
    { serial: reader.serial, merchantId: terminal.merchantId, state: ACTIVE, lastPaymentAtMs: 0n },
  ]);
  const { terminals } = await relay.registry.listTerminals({});
  expect(terminals).toMatchObject([
    { terminalId: terminal.terminalId, merchantId: terminal.merchantId, currencies: [978] },
  ]);
  expect(new Uint8Array(readers[0]?.certificateId ?? [])).toEqual(
    certificateIdOf(reader.certificate.payload),
  );
});

test("a reader shows when its last payment was recorded", async () => {
  const { signed, paymentId } = bed.signer.sign();
  const terminal = relay.openTerminal();
  terminal.submit(signed);
  await terminal.recordedOf(paymentId);
  const { readers } = await relay.registry.listReaders({});
  expect(readers[0]?.lastPaymentAtMs).toBeGreaterThan(1_700_000_000_000n);
});

test("a second registration replaces the first", async () => {
  const { certificate, terminalId } = bed.keys.anotherTerminal("TILL0002", "ANOTHERSHOP0001");
  const register = (state: DeviceState, currencies: number[]) =>
    relay.registry.registerTerminals({ terminals: [{ certificate, state, currencies }] });
  await register(ACTIVE, [978]);
  expect(await register(SUSPENDED, [978, 840])).toMatchObject({ registered: 1 });
  const { terminals } = await relay.registry.listTerminals({});
  expect(terminals.filter((one) => one.terminalId === terminalId)).toMatchObject([
    { state: SUSPENDED, currencies: [978, 840] },
  ]);
});

test("without a state a new device is active, and a known one stays as it is", async () => {
  const { certificate } = bed.keys.anotherTerminal("TILL0003", "ANOTHERSHOP0001");
  const register = (state?: DeviceState) =>
    relay.registry.registerTerminals({
      terminals: [{ certificate, currencies: [978], ...(state !== undefined && { state }) }],
    });
  expect((await register()).states).toEqual([ACTIVE]);
  expect((await register(SUSPENDED)).states).toEqual([SUSPENDED]);
  expect((await register()).states).toEqual([SUSPENDED]);
  expect((await register(ACTIVE)).states).toEqual([ACTIVE]);
});

test("what is only validated changes nothing, and is refused as in earnest", async () => {
  const [one, other] = ["TILL0004", "TILL0005"].map(
    (id) => bed.keys.anotherTerminal(id, "ANOTHERSHOP0001").certificate,
  );
  const terminal = { currencies: [978], state: ACTIVE };
  const good = [{ ...terminal, certificate: present(one) }];
  const before = await relay.registry.listTerminals({});
  const validateOnly = true;
  const answer = await relay.registry.registerTerminals({ terminals: good, validateOnly });
  expect(answer).toMatchObject({ registered: 1, states: [ACTIVE] });
  const contact = { email: "nobody" };
  const bad = [...good, { ...terminal, certificate: present(other), contact }];
  for (const only of [true, false]) {
    const refused = relay.registry.registerTerminals({ terminals: bad, validateOnly: only });
    expect((await refusalOf(refused)).code).toBe("MALFORMED_REQUEST");
  }
  expect(await relay.registry.listTerminals({})).toEqual(before);
});

test("two merchants may give a terminal the same id, and each keeps its own contact", async () => {
  const shops = ["SAMENAMESHOP001", "SAMENAMESHOP002"] as const;
  const terminals = shops.map((merchantId) => ({
    certificate: bed.keys.anotherTerminal("TILLSAME", merchantId).certificate,
    currencies: [978],
    contact: { email: `${merchantId.toLowerCase()}@shop.example` },
  }));
  await relay.registry.registerTerminals({ terminals });
  const ambiguous = relay.registry.setTerminalContact({
    terminalId: "TILLSAME",
    contact: { email: "somebody@shop.example" },
  });
  expect(await refusalOf(ambiguous)).toEqual({
    code: "MALFORMED_REQUEST",
    message: "merchant_id is required: 2 merchants have TILLSAME",
  });
  await relay.registry.setTerminalContact({
    merchantId: shops[1],
    terminalId: "TILLSAME",
    contact: { email: "new@shop.example" },
  });
  const listed = (await relay.registry.listTerminals({})).terminals.filter(
    ({ terminalId }) => terminalId === "TILLSAME",
  );
  expect(listed.map(({ merchantId, contact }) => [merchantId, contact?.email])).toEqual([
    [shops[0], "samenameshop001@shop.example"],
    [shops[1], "new@shop.example"],
  ]);
});

test("a retired device stays so, whoever asks, and its whole batch changes nothing", async () => {
  const { merchantId } = bed.keys.terminal;
  const [retired, other] = ["R-GONE", "R-STAYS"].map((serial) => ({
    certificate: bed.keys.anotherReader(serial).certificate,
    merchantId,
  }));
  await relay.registry.registerReaders({ readers: [present(retired)] });
  await relay.registry.setReaderState({ serial: "R-GONE", state: RETIRED });
  const why = { code: "WRONG_STATE", message: "reader R-GONE is retired, for ever" };
  const again = { ...present(retired), state: ACTIVE };
  const batch = relay.registry.registerReaders({ readers: [present(other), again] });
  expect(await refusalOf(batch)).toEqual(why);
  for (const state of [ACTIVE, SUSPENDED]) {
    expect(await refusalOf(relay.registry.setReaderState({ serial: "R-GONE", state }))).toEqual(
      why,
    );
  }
  await expect(
    bed.query("UPDATE reader SET state = 'ACTIVE' WHERE serial = 'R-GONE'"),
  ).rejects.toThrow("what is retired stays so for ever");
  const { readers } = await relay.registry.listReaders({});
  const states = new Map(readers.map(({ serial, state }) => [serial, state]));
  expect([states.get("R-GONE"), states.get("R-STAYS")]).toEqual([RETIRED, undefined]);
  const kept = await relay.registry.registerReaders({ readers: [present(retired)] });
  expect(kept.states).toEqual([RETIRED]);
});

test.each([
  {
    name: "a reader",
    set: () => relay.registry.setReaderState({ serial: "R-NOBODY", state: SUSPENDED }),
    refusal: { code: "READER_UNKNOWN", message: "reader R-NOBODY is not registered here" },
  },
  {
    name: "a terminal",
    set: () => {
      const { merchantId } = bed.keys.terminal;
      const state = SUSPENDED;
      return relay.registry.setTerminalState({ merchantId, terminalId: "TILLNONE", state });
    },
    refusal: {
      code: "TERMINAL_UNKNOWN",
      message: "terminal CORNERCOFFEE001/TILLNONE is not registered here",
    },
  },
  {
    name: "no state",
    set: () => relay.registry.setReaderState({ serial: "R-NOBODY" }),
    refusal: {
      code: "MALFORMED_REQUEST",
      message: "state must be ACTIVE, SUSPENDED, RETIRED, got 0",
    },
  },
])("the state of $name that is not there is not set", async ({ set, refusal }) => {
  expect(await refusalOf(set())).toEqual(refusal);
});

test.each<{ name: string; change: (good: SignedEnvelope) => SignedEnvelope | undefined }>([
  { name: "no certificate", change: () => undefined },
  {
    name: "one signature",
    change: (good) => ({ ...good, signatures: good.signatures.slice(0, 1) }),
  },
  { name: "a changed payload", change: (good) => ({ ...good, payload: Uint8Array.of(1) }) },
  { name: "a terminal's certificate", change: () => bed.keys.terminal.certificate },
  { name: "an empty certificate", change: () => create(SignedEnvelopeSchema) },
])("refuses a reader with $name", async ({ change }) => {
  const certificate = change(bed.keys.anotherReader("R-NEW").certificate);
  const { merchantId } = bed.keys.terminal;
  const reader = { merchantId, state: ACTIVE, ...(certificate && { certificate }) };
  expect(await refusalOf(relay.registry.registerReaders({ readers: [reader] }))).toEqual({
    code: "CERTIFICATE_REJECTED",
    message: "reader certificate rejected",
  });
});

test.each([
  { name: "no readers", readers: () => [], message: "readers must be 1 to 1000, got 0" },
  {
    name: "a reader twice",
    readers: () => [readerWith({}), readerWith({})],
    message: "readers must all be different",
  },
  {
    name: "a reader of a state that there is not",
    readers: () => [readerWith({ state: 9 as DeviceState })],
    message: "readers.state must be ACTIVE, SUSPENDED, RETIRED, got 9",
  },
  {
    name: "a reader of a malformed merchant",
    readers: () => [readerWith({ merchantId: "shop" })],
    message: 'readers.merchant_id must be 15 characters of A-Z and 0-9, got "shop"',
  },
])("refuses $name", async ({ readers, message }) => {
  expect(await refusalOf(relay.registry.registerReaders({ readers: readers() }))).toEqual({
    code: "MALFORMED_REQUEST",
    message,
  });
});

test("refuses a terminal without currencies, or with one that nobody knows", async () => {
  const { certificate } = bed.keys.terminal;
  const register = (currencies: number[]) =>
    relay.registry.registerTerminals({ terminals: [{ certificate, state: ACTIVE, currencies }] });
  expect(await refusalOf(register([]))).toEqual({
    code: "MALFORMED_REQUEST",
    message: "terminals.currencies must be 1 to 32, got 0",
  });
  expect(await refusalOf(register([1]))).toEqual({
    code: "CURRENCY_NOT_ACCEPTED",
    message: "terminals.currencies must be an ISO 4217 numeric code, got 1",
  });
});

function readerWith(other: { state?: DeviceState; merchantId?: string }) {
  const { certificate } = bed.keys.reader;
  const { merchantId } = bed.keys.terminal;
  return { certificate, merchantId, state: ACTIVE, ...other };
}

async function refusalOf(call: Promise<unknown>) {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => paymentErrorFrom(ConnectError.from(reason)),
  );
  return { code: error?.code, message: error?.message };
}

test("devices come in pages, and each of them once", async () => {
  for (const { table, name } of [
    { table: "reader", name: "'serial', 'PAGE-' || lpad(place::text, 5, '0')" },
    { table: "terminal", name: "'terminal_id', 'P' || lpad(place::text, 7, '0')" },
  ]) {
    await bed.query(`INSERT INTO ${table}
      SELECT (jsonb_populate_record(known, jsonb_build_object(
        'certificate_id', '\\x' || md5(place::text), ${name}))).*
      FROM ${table} AS known, generate_series(1, 4500) AS place
      WHERE known.ctid = (SELECT min(ctid) FROM ${table})`);
  }
  const first = await relay.registry.listReaders({});
  expect(first.readers).toHaveLength(2_000);
  expect(first.nextPageToken).toBe(first.readers.at(-1)?.serial);
  const serials = (await allReaders(relay.registry)).map(({ serial }) => serial);
  expect(serials.filter((serial) => serial.startsWith("PAGE-"))).toHaveLength(4_500);
  expect(new Set(serials).size).toBe(serials.length);
  const terminals = (await allTerminals(relay.registry)).map(terminalName);
  expect(terminals.filter((name) => name.includes("/P0"))).toHaveLength(4_500);
  expect(new Set(terminals).size).toBe(terminals.length);
});

test.each(["no serial", "SIM-0001\u0000", "x".repeat(50)])(
  "a page token that is none is refused: %j",
  async (pageToken) => {
    for (const list of [relay.registry.listReaders, relay.registry.listTerminals]) {
      const refusal = await list({ pageToken }).then(() => undefined, ConnectError.from);
      const error = refusal && paymentErrorFrom(refusal);
      expect(error).toMatchObject({ code: "MALFORMED_REQUEST", field: "page_token" });
    }
  },
);
