import { create, fromBinary, toBinary, toJson } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEVELOPMENT_MESH } from "../../dev-mesh/development-keys.ts";
import type { Mesh } from "../../dev-mesh/mesh-processes.ts";
import { HelloSchema } from "../../gen/cardlane/mesh/v1/stream_pb.ts";
import {
  AmountsSchema,
  Outcome,
  PaymentContextSchema,
  PaymentState,
  ReaderPaymentSchema,
  ResultSchema,
  type SignedPayment,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import {
  DeviceState,
  SubmitSchema,
  TransactRequestSchema,
} from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { systemClock } from "../../mesh/clock.ts";
import { decodeReaderPayment, parsePaymentContext } from "../../payment/payment-context.ts";
import type { ReaderKeys } from "../fixtures/keys.ts";
import { PaymentSigner, type PaymentWishes } from "../fixtures/reader-payment.ts";
import { type MeshFixture, startTestMesh } from "./mesh-fixture.ts";
import { pay } from "./pay.ts";
import { type Answer, endAfter, RogueTerminal, rogueChannel } from "./rogue-terminal.ts";

let fixture: MeshFixture;
let mesh: Mesh;
let terminal: RogueTerminal;
let signer: PaymentSigner;

beforeAll(async () => {
  fixture = await startTestMesh();
  mesh = fixture.mesh;
  terminal = new RogueTerminal(mesh.addresses.relay);
  signer = signerOf(await registeredReader("ROGUE-0001"));
});

afterAll(async () => {
  terminal?.[Symbol.dispose]();
  await fixture?.[Symbol.asyncDispose]();
});

const signerOf = (reader: ReaderKeys) =>
  new PaymentSigner({ keys: fixture.keys, nowMs: () => systemClock.nowMs(), reader });

async function registeredReader(
  serial: string,
  state: DeviceState = DeviceState.ACTIVE,
): Promise<ReaderKeys> {
  const reader = fixture.keys.anotherReader(serial);
  const { merchantId } = DEVELOPMENT_MESH;
  const readers = [{ certificate: reader.certificate, merchantId, state }];
  await mesh.clients.processorRegistry.registerReaders({ readers });
  await mesh.clients.relayRegistry.registerReaders({ readers });
  return reader;
}

const balance = async () => {
  const { merchantId } = DEVELOPMENT_MESH;
  const { balanceMinor } = await mesh.clients.processorRegistry.getBalance({
    merchantId,
    currency: 978,
  });
  return balanceMinor;
};

/** Signs again what was changed, as a reader that is taken over would. */
function rebuilt(signed: SignedPayment, change: (context: Uint8Array) => Uint8Array) {
  const payment = decodeReaderPayment(signed.readerPayment);
  const changed = create(ReaderPaymentSchema, { ...payment, context: change(payment.context) });
  return toBinary(ReaderPaymentSchema, changed);
}

function withAmount(context: Uint8Array, totalMinor: bigint): Uint8Array {
  const { wire } = parsePaymentContext(context);
  return toBinary(
    PaymentContextSchema,
    create(PaymentContextSchema, { ...wire, amounts: create(AmountsSchema, { totalMinor }) }),
  );
}

test("a payment of a registered reader is completed: refusals have their own reason", async () => {
  const { completed } = await terminal.submit(signer.sign().signed);
  expect(completed?.state).toBe(PaymentState.APPROVED);
});

const refusals: readonly {
  name: string;
  wishes: PaymentWishes;
  code: string;
  message: RegExp;
}[] = [
  {
    name: "amount 0",
    wishes: { totalMinor: 0n },
    code: "AMOUNT_OUT_OF_RANGE",
    message: /^amounts.total_minor must be 1 to 999999999999 minor units, got 0$/,
  },
  {
    name: "an amount too large",
    wishes: { totalMinor: 1_000_000_000_000n },
    code: "AMOUNT_OUT_OF_RANGE",
    message: /got 1000000000000$/,
  },
  {
    name: "a currency that ISO 4217 does not have",
    wishes: { context: { currency: 1 } },
    code: "CURRENCY_NOT_ACCEPTED",
    message: /got 1$/,
  },
  {
    name: "a currency that the terminal may not use",
    wishes: { context: { currency: 124 } },
    code: "CURRENCY_NOT_ACCEPTED",
    message: /CAD|124/,
  },
  {
    name: "a payment that was held back too long",
    wishes: { context: { readerTimeMs: 1_000n, submitBeforeMs: 121_000n } },
    code: "SUBMITTED_TOO_LATE",
    message: /^payment must be submitted before 1970-01-01T00:02:01.000Z$/,
  },
  {
    name: "a terminal that nobody registered",
    wishes: { context: { terminalId: "NOBODY01" } },
    code: "TERMINAL_UNKNOWN",
    message: /NOBODY01/,
  },
];

describe("the relay refuses before it records", () => {
  test.each(refusals)("$name", async ({ wishes, code, message }) => {
    const before = await balance();
    const { recorded, refused } = await terminal.submit(signer.sign(wishes).signed);
    expect(recorded).toBeUndefined();
    expect(refused?.fault?.code).toBe(code);
    expect(refused?.fault?.message).toMatch(message);
    expect(await balance()).toBe(before);
  });

  test("an amount changed after signing", async () => {
    const { signed } = signer.sign();
    const readerPayment = rebuilt(signed, (context) => withAmount(context, 1n));
    const { refused } = await terminal.submit({ ...signed, readerPayment });
    expect(refused?.fault?.code).toBe("SIGNATURE_REJECTED");
  });

  test("a signature of another reader's key", async () => {
    const other = signerOf(fixture.keys.anotherReader("ROGUE-0002"));
    const { signed } = signer.sign();
    const { refused } = await terminal.submit(other.signBytes(signed.readerPayment));
    expect(refused?.fault?.code).toBe("SIGNATURE_REJECTED");
  });

  test("a reader with a right certificate that nobody registered", async () => {
    const stranger = signerOf(fixture.keys.anotherReader("ROGUE-0003"));
    const { refused } = await terminal.submit(stranger.sign().signed);
    expect(refused?.fault?.code).toBe("READER_UNKNOWN");
  });

  test("a reader that was suspended", async () => {
    const reader = await registeredReader("ROGUE-0004", DeviceState.SUSPENDED);
    const { refused } = await terminal.submit(signerOf(reader).sign().signed);
    expect(refused?.fault?.code).toBe("READER_NOT_ACTIVE");
  });

  test("bytes that name no payment: the stream ends, others feel nothing", async () => {
    using rogue = new RogueTerminal(mesh.addresses.relay);
    const garbage = signer.signBytes(new Uint8Array(100).fill(0xff));
    await expect(rogue.submit(garbage)).rejects.toThrow(
      "reader_payment must be one cardlane.payment.v1.ReaderPayment in canonical serialisation",
    );
    const { completed } = await terminal.submit(signer.sign({ pin: null }).signed);
    expect(completed?.state).toBe(PaymentState.APPROVED);
  });
});

describe("the processor refuses what the relay cannot see", () => {
  test("the card box of another payment", async () => {
    const [first, second] = [signer.sign({ pin: null }), signer.sign({ pin: null })];
    const box = decodeReaderPayment(first.signed.readerPayment).cardBox;
    const swapped = create(ReaderPaymentSchema, {
      ...decodeReaderPayment(second.signed.readerPayment),
      cardBox: box,
    });
    const before = await balance();
    const { completed } = await terminal.submit(
      signer.signBytes(toBinary(ReaderPaymentSchema, swapped)),
    );
    expect(completed?.fault?.code).toBe("SEALED_DATA_REJECTED");
    expect(await balance()).toBe(before);
  });

  test("a counter that was used before, by a cloned reader", async () => {
    const reader = await registeredReader("ROGUE-0005");
    const [original, clone] = [signerOf(reader), signerOf(reader)];
    const first = await terminal.submit(original.sign({ pin: null }).signed);
    const before = await balance();
    const second = await terminal.submit(clone.sign({ pin: null }).signed);
    expect(first.completed?.state).toBe(PaymentState.APPROVED);
    expect(second.completed?.fault?.code ?? second.refused?.fault?.code).toBe("COUNTER_REUSED");
    expect(await balance()).toBe(before);
  });
});

describe("a message sent twice", () => {
  test("gets the first answer and posts nothing", async () => {
    const { signed } = signer.sign({ pin: null });
    const first = await terminal.submit(signed);
    const before = await balance();
    const second = await terminal.submit(signed);
    expect(second.recorded?.wasRecorded).toBe(true);
    expect(shown(second)).toEqual(shown(first));
    expect(await balance()).toBe(before);
  });

  test("with other bytes under the same id is refused", async () => {
    const first = signer.sign({ pin: null });
    await terminal.submit(first.signed);
    const { paymentId } = parsePaymentContext(first.contextBytes).wire;
    const second = signer.sign({ pin: null, totalMinor: 1n, context: { paymentId } });
    const { refused } = await terminal.submit(second.signed);
    expect(refused?.fault?.code).toBe("DUPLICATE_DIFFERS");
  });
});

describe("frames that are no protocol", () => {
  const hello = (protocolVersion: number) =>
    create(TransactRequestSchema, {
      frame: {
        case: "hello",
        value: create(HelloSchema, { protocolVersion, heartbeatIntervalMs: 10_000 }),
      },
    });
  const submit = (payment: SignedPayment) =>
    create(TransactRequestSchema, {
      frame: { case: "submit", value: create(SubmitSchema, { payment }) },
    });

  test.each([
    {
      name: "a payment before Hello",
      frames: () => [submit(signer.sign().signed)],
      code: Code.InvalidArgument,
      message: /first frame must be hello/i,
    },
    {
      name: "a protocol version to come",
      frames: () => [hello(2)],
      code: Code.FailedPrecondition,
      message: /protocol_version must be 1, got 2/,
    },
    {
      name: "a second Hello",
      frames: () => [hello(1), hello(1)],
      code: Code.InvalidArgument,
      message: /hello/i,
    },
    {
      name: "a frame over 16 KiB",
      frames: () => [hello(1), submit(signer.signBytes(new Uint8Array(70_000)))],
      code: Code.ResourceExhausted as Code,
      message: /^message must be at most 16384 bytes, got 70\d\d\d$/,
    },
  ])("$name ends the stream, and others feel nothing", async ({ frames, code, message }) => {
    using channel = rogueChannel(mesh.addresses.relay);
    const end = await endAfter(channel, frames());
    expect(end.code).toBe(code);
    expect(end.message).toMatch(message);
    const { completed } = await terminal.submit(signer.sign({ pin: null }).signed);
    expect(completed?.state).toBe(PaymentState.APPROVED);
  });
});

test("a till that asks for nothing is told what is missing", async () => {
  const refused = pay(mesh, { amountMinor: 0n });
  await expect(refused).rejects.toThrow(/total_minor must be 1 to 999999999999 minor units, got 0/);
});

test("an expired card is declined, not refused", async () => {
  const { report } = await pay(mesh, { card: "charge_declined_expired_card" });
  expect(report.result?.outcome).toBe(Outcome.DECLINED);
});

/** The signed answer, readable in a failure. */
function shown({ completed }: Answer) {
  const { result, signature } = completed?.result ?? {};
  return {
    state: completed?.state,
    result: result && toJson(ResultSchema, fromBinary(ResultSchema, result)),
    signature: Buffer.from(signature ?? []).toString("hex"),
  };
}
