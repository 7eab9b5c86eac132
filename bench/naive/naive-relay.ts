import { PrismaPg } from "@prisma/adapter-pg";
import {
  EntryMode,
  PaymentKind,
  type SignedPayment,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { systemClock as clock } from "../../mesh/clock.ts";
import { enumName } from "../../payment/enum-name.ts";
import type { RelayId } from "../../payment/identifiers.ts";
import { traceNumberOf } from "../../payment/iso8583.ts";
import { parseReaderPayment } from "../../payment/payment-context.ts";
import { newRecordNumber } from "../../payment/record-number.ts";
import { PrismaClient } from "../../prisma/relay/client/client.ts";
import { sha512 } from "../../sealing/curves/hash.ts";
import { digest } from "../../sealing/keys/dsse.ts";
import { systemRandom as random } from "../../sealing/random.ts";
import type { Authorize } from "../load/unary-method.ts";
import type { ReaderSignatures } from "./reader-signatures.ts";

const DEADLINE_MS = 30_000;

/** A relay as one would write it first: a transaction, a call, a transaction. */
export function naiveRelay(options: {
  readonly databaseUrl: string;
  readonly signatures: ReaderSignatures;
  readonly processor: Authorize;
  readonly nowMs: () => number;
}): Authorize {
  const { databaseUrl, signatures, processor, nowMs } = options;
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: databaseUrl }) });
  return async (payment) => {
    const recordNumber = newRecordNumber("A1" as RelayId, clock.nowMs(), random.bytes(5));
    await prisma.$transaction(async (sql) => {
      const { context } = parseReaderPayment(payment.readerPayment);
      const reader = await sql.reader.findUnique({ where: { serial: context.readerSerial } });
      const { merchantId, terminalId } = context;
      const terminal = await sql.terminal.findUnique({
        where: { merchantId_terminalId: { merchantId, terminalId } },
      });
      if (reader?.state !== "ACTIVE" || terminal === null) {
        throw new Error("reader or terminal is not served");
      }
      signatures.require(payment, reader.certificate);
      const { wire } = context;
      const paymentId = paymentIdText(wire.paymentId);
      const known = await sql.record.findUnique({
        where: { merchantId_paymentId: { merchantId, paymentId } },
      });
      if (known !== null) throw new Error("paid already");
      await sql.record.create({ data: newRecord(payment, recordNumber, nowMs()) });
    });
    const result = await processor(payment);
    await prisma.record.update({
      where: { recordNumber },
      data: {
        state: "AUTHORIZED",
        completedAt: new Date(nowMs()),
        readerPayment: null,
        readerSignature: null,
        result: new Uint8Array(result.result),
        resultSignature: new Uint8Array(result.signature),
        resultKeyId: new Uint8Array(result.keyId),
      },
    });
    return result;
  };
}

function newRecord(payment: SignedPayment, recordNumber: string, nowMs: number) {
  const { context, contextBytes } = parseReaderPayment(payment.readerPayment);
  const { wire, amounts } = context;
  return {
    recordNumber,
    merchantId: context.merchantId,
    paymentId: paymentIdText(wire.paymentId),
    digest: new Uint8Array(sha512(payment.readerPayment)),
    contextDigest: new Uint8Array(digest("payment-context", contextBytes)),
    kind: enumName(PaymentKind, context.kind),
    state: "RECEIVED",
    totalMinor: amounts.totalMinor,
    tipMinor: amounts.tipMinor,
    cashbackMinor: amounts.cashbackMinor,
    surchargeMinor: amounts.surchargeMinor,
    currency: context.currency,
    terminalId: context.terminalId,
    readerSerial: context.readerSerial,
    entryMode: enumName(EntryMode, wire.entryMode),
    traceNumber: traceNumberOf(wire.counter),
    readerPayment: new Uint8Array(payment.readerPayment),
    readerSignature: new Uint8Array(payment.signature),
    traceparent: "",
    recordedAt: new Date(nowMs),
    deadlineAt: new Date(nowMs + DEADLINE_MS),
    leaseOwner: "naive",
  };
}

function paymentIdText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
