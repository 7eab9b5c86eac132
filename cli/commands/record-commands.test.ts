import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  Certainty,
  EntryMode,
  NextStep,
  PaymentFaultSchema,
  PaymentKind,
  PaymentState,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import {
  DeviceState,
  PaymentRecordSchema,
  RecordEventSchema,
  RelayRegistryService,
  RelayService,
} from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { service } from "../../mesh/service.ts";
import { PaymentError } from "../../payment/errors.ts";
import { parseRelayId } from "../../payment/identifiers.ts";
import { formatRecordNumber, newRecordNumber } from "../../payment/record-number.ts";
import { runAgainst } from "../../test/fixtures/command-mesh.ts";

const numberOf = (last: number) =>
  newRecordNumber(parseRelayId("A1"), 248_916_000, Uint8Array.of(9, 23, 29, 4, last));

const RECORD = create(PaymentRecordSchema, {
  recordNumber: numberOf(26),
  paymentId: "01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6a",
  state: PaymentState.APPROVED,
  certainty: Certainty.FINAL,
  kind: PaymentKind.SALE,
  amounts: { totalMinor: 1250n },
  currency: 978,
  merchantId: "CORNERCOFFEE001",
  terminalId: "TILL0001",
  readerSerial: "SIM-0001",
  entryMode: EntryMode.CHIP,
  approvalCode: "831000",
  responseCode: "00",
  lastFour: "4242",
  scheme: "VISA",
  recordedAtMs: 1_772_370_309_000n,
  traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
});

const DECLINED = create(PaymentRecordSchema, {
  ...RECORD,
  recordNumber: numberOf(27),
  state: PaymentState.DECLINED,
  responseCode: "51",
});

/** As a relay keeps what it never saw: a refused payment that was then made impossible. */
const TOMBSTONE = create(PaymentRecordSchema, {
  recordNumber: numberOf(28),
  paymentId: "01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6b",
  state: PaymentState.REVERSED,
  certainty: Certainty.FINAL,
  amounts: {},
  merchantId: "CORNERCOFFEE001",
  responseCode: "68",
  recordedAtMs: 1_772_370_310_000n,
});

/** The processor would not decide, so the relay had it undone. */
const REFUSED = create(PaymentRecordSchema, {
  ...RECORD,
  recordNumber: numberOf(29),
  state: PaymentState.REVERSED,
  responseCode: "68",
  fault: create(PaymentFaultSchema, { code: "SIGNATURE_REJECTED" }),
});

/** The id was taken before: what the processor has under it may be approved. */
const NEVER_TAKEN = create(PaymentRecordSchema, {
  ...RECORD,
  recordNumber: numberOf(30),
  state: PaymentState.DECLINED,
  certainty: Certainty.UNKNOWN,
  nextStep: NextStep.RETRY_SAME_ID,
  history: [
    create(RecordEventSchema, {
      sequence: 1n,
      state: PaymentState.DECLINED,
      atMs: 1_772_370_310_000n,
    }),
  ],
  responseCode: "",
  fault: create(PaymentFaultSchema, { code: "DUPLICATE_DIFFERS" }),
});

const relayService = service(RelayService, {
  getPayment: ({ key }) => {
    const payment = [RECORD, DECLINED, TOMBSTONE, REFUSED, NEVER_TAKEN].find(
      ({ recordNumber }) => recordNumber === key.value,
    );
    if (payment === undefined) throw new PaymentError("PAYMENT_NOT_FOUND", "no such record");
    return { payment };
  },
  listPayments: (wish) => ({
    payments: [NEVER_TAKEN, REFUSED, TOMBSTONE, DECLINED, RECORD].filter(
      ({ state, certainty }) =>
        [PaymentState.UNSPECIFIED, state].includes(wish.state) &&
        [Certainty.UNSPECIFIED, certainty].includes(wish.certainty),
    ),
    nextPageToken: "older",
  }),
});

const registryService = service(RelayRegistryService, {
  listReaders: () => ({
    readers: [
      {
        serial: "SIM-0001",
        model: "Simulated \u001b[2Jreader",
        merchantId: "CORNERCOFFEE001",
        state: DeviceState.SUSPENDED,
        notAfterMs: 2_087_683_200_000n,
      },
    ],
  }),
  listTerminals: () => ({ terminals: [{ terminalId: "TILL0001", currencies: [978, 392] }] }),
});

const run = (words: readonly string[]) =>
  runAgainst({ relay: [relayService, registryService] }, words);

test.each([
  { name: "approved", number: numberOf(26), exitCode: 0, says: /^State +approved$/m },
  { name: "declined", number: numberOf(27), exitCode: 2, says: /^Response +51 Not enough money$/m },
  {
    name: "reversed before anybody saw it",
    number: numberOf(28),
    exitCode: 2,
    says: /^State +reversed\nKind +payment\nRead .*\nResponse +68 Undone$/m,
  },
  {
    name: "refused by the processor, and undone",
    number: numberOf(29),
    exitCode: 2,
    says: /^State +reversed$.*^Response +SIGNATURE_REJECTED$/ms,
  },
  {
    name: "taken before, so that declined is not its end",
    number: numberOf(30),
    exitCode: 3,
    says: /^State +unknown\nNext +send it again.*^Response +DUPLICATE_DIFFERS$.* unknown$/ms,
  },
  {
    name: "approved, as it is read out on the phone",
    number: "a17k 2m9q x4tm",
    exitCode: 0,
    says: /^Record +A17K-2M9Q-X4TM$/m,
  },
])("query: $name", async ({ number, exitCode, says }) => {
  const answer = await run(["query", number]);
  expect(answer.exitCode).toBe(exitCode);
  expect(answer.printed.join("\n")).toMatch(says);
});

test("query: a record that is not there is unknown", async () => {
  const answer = await run(["query", numberOf(1)]);
  expect(answer).toEqual({ exitCode: 3, printed: [], told: ["error: no such record"] });
});

test("query --json is the contract's message on one line, 64-bit numbers as strings", async () => {
  const { printed } = await run(["query", numberOf(26), "--json"]);
  expect(printed).toHaveLength(1);
  expect(JSON.parse(printed[0] ?? "")).toMatchObject({
    recordNumber: numberOf(26),
    state: "PAYMENT_STATE_APPROVED",
    amounts: { totalMinor: "1250", tipMinor: "0" },
    retrievalReference: "",
  });
});

test("list shows a line per record, newest first, and where it goes on", async () => {
  const { printed, told } = await run(["list"]);
  expect(printed.map((line) => line.split(/ {2,}/)[0])).toEqual([
    "Record",
    formatRecordNumber(numberOf(30)),
    formatRecordNumber(numberOf(29)),
    formatRecordNumber(numberOf(28)),
    "A17K-2M9Q-X4VJ",
    "A17K-2M9Q-X4TM",
  ]);
  expect(printed.map((line) => line.split(/ {2,}/).at(-1)?.trim())).toEqual([
    "Response",
    "DUPLICATE_DIFFERS",
    "SIGNATURE_REJECTED",
    "68 Undone",
    "51 Not enough money",
    "00 Approved",
  ]);
  expect(printed[1]).toMatch(/ {2}unknown +DUPLICATE_DIFFERS$/);
  expect(told).toEqual(["More: --page older"]);
});

test.each([
  { word: "declined", numbers: [numberOf(27)] },
  { word: "unknown", numbers: [numberOf(30)] },
  { word: "reversed", numbers: [numberOf(29), numberOf(28)] },
])("list --state $word shows those that are shown as that", async ({ word, numbers }) => {
  const { printed } = await run(["list", "--state", word]);
  const [, ...rows] = printed.map((line) => line.split(/ {2,}/)[0]);
  expect(rows).toEqual(numbers.map(formatRecordNumber));
});

test("readers: what a reader calls itself can not clear the screen", async () => {
  const { printed } = await run(["readers"]);
  expect(printed[1]).toMatch(
    /^SIM-0001 {2}Simulated reader {2}CORNERCOFFEE001 {2}suspended {2}never +2036-02-27$/,
  );
});

test("terminals: currencies by their letters", async () => {
  const { printed } = await run(["terminals"]);
  expect(printed[1]).toMatch(/^TILL0001 .*EUR JPY/);
});

test("trace: without spans it says so", async () => {
  const { exitCode, told } = await run(["trace", numberOf(26)]);
  expect(exitCode).toBe(1);
  expect(told).toEqual([`error: no spans of ${numberOf(26)} are kept on this machine`]);
});

test.each(["query", "trace"])("%s of a payment that nobody knows is unknown", async (word) => {
  const { exitCode, told } = await run([word, numberOf(99)]);
  expect({ exitCode, told }).toEqual({ exitCode: 3, told: ["error: no such record"] });
});

test("pay: a terminal that is not there is named, with its address", async () => {
  const { exitCode, told } = await run(["pay", "1", "EUR", "--card", "visa", "--tap", "--yes"]);
  expect(exitCode).toBe(1);
  expect(told).toEqual(["error: the terminal was not reached at 127.0.0.1:1"]);
});
