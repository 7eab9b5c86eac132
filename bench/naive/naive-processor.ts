import type { KeyObject } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import { PrismaPg } from "@prisma/adapter-pg";
import {
  CardDataSchema,
  Outcome,
  PaymentKind,
  ResultSchema,
  SignedResultSchema,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { Pan } from "../../payment/card.ts";
import { enumName } from "../../payment/enum-name.ts";
import { type CheckedReaderPayment, parseReaderPayment } from "../../payment/payment-context.ts";
import { strictDecode } from "../../payment/wire/strict-decode.ts";
import { type Prisma, PrismaClient } from "../../prisma/processor/client/client.ts";
import { cardTokenOf } from "../../processor/cards/card-store.ts";
import type { Agreement, Signer } from "../../sealing/curves/curves.ts";
import { sha512 } from "../../sealing/curves/hash.ts";
import { digest, sign } from "../../sealing/keys/dsse.ts";
import { openCardBox } from "../../sealing/open/boxes.ts";
import type { Authorize } from "../load/unary-method.ts";
import type { ReaderSignatures } from "./reader-signatures.ts";

interface NaiveProcessorOptions {
  readonly databaseUrl: string;
  readonly signatures: ReaderSignatures;
  readonly card: Agreement;
  readonly cardToken: KeyObject;
  readonly result: Signer;
  readonly nowMs: () => number;
}

type Sql = Prisma.TransactionClient;

/** A processor as one would write it first: one interactive transaction per payment. */
export function naiveProcessor(options: NaiveProcessorOptions): Authorize {
  const { databaseUrl, signatures, nowMs } = options;
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: databaseUrl }) });
  return async (payment) => {
    const parsed = parseReaderPayment(payment.readerPayment);
    const panToken = openCard(parsed, options);
    const result = signedResult(parsed, options);
    await prisma.$transaction(async (sql) => {
      const { context } = parsed;
      const { readerSerial, merchantId, currency } = context;
      const reader = await sql.reader.findUnique({ where: { readerSerial } });
      if (reader?.state !== "ACTIVE") throw new Error("reader is not served");
      signatures.require(payment, reader.certificate);
      const card = await sql.card.findUnique({ where: { panToken } });
      if (card?.status !== "ACTIVE") throw new Error("card is not good");
      const amountMinor = context.amounts.totalMinor;
      const holder = new Uint8Array(Buffer.from(merchantId, "latin1"));
      const debit = await change(
        sql,
        { kind: "CARDHOLDER", holder: panToken, currency },
        -amountMinor,
      );
      if (debit.balanceMinor < -card.creditMinor) throw new Error("not enough money");
      const credit = await change(sql, { kind: "MERCHANT", holder, currency }, amountMinor);
      const row = paymentRow(parsed, payment, nowMs());
      await sql.payment.create({
        data: {
          ...row,
          result: new Uint8Array(result.result),
          resultSignature: new Uint8Array(result.signature),
          resultKeyId: new Uint8Array(result.keyId),
        },
      });
      await sql.posting.create({
        data: {
          merchantId,
          paymentId: row.paymentId,
          kind: "SALE",
          debitAccount: debit.accountId,
          creditAccount: credit.accountId,
          amountMinor,
          currency,
          settlementDate: row.settlementDate,
        },
      });
    });
    return result;
  };
}

/** @returns the token of the card. */
function openCard(
  { contextBytes, cardBox: sealed }: CheckedReaderPayment,
  { card: agreement, cardToken }: NaiveProcessorOptions,
): Uint8Array<ArrayBuffer> {
  const contextDigest = digest("payment-context", contextBytes);
  const bytes = openCardBox({ agreement, contextDigest, sealed });
  const { pan } = strictDecode(CardDataSchema, bytes, "card data");
  return new Uint8Array(cardTokenOf(cardToken, Pan.parse(pan)));
}

async function change(
  sql: Sql,
  account: { kind: string; holder: Uint8Array<ArrayBuffer>; currency: number },
  byMinor: bigint,
) {
  return await sql.account.upsert({
    where: { kind_holder_currency: account },
    create: { ...account, balanceMinor: byMinor },
    update: { balanceMinor: { increment: byMinor } },
  });
}

function paymentRow(
  { context }: CheckedReaderPayment,
  { readerPayment }: { readonly readerPayment: Uint8Array },
  nowMs: number,
) {
  const { wire, amounts } = context;
  const hex = Buffer.from(wire.paymentId).toString("hex");
  return {
    merchantId: context.merchantId,
    paymentId: hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5"),
    digest: new Uint8Array(sha512(readerPayment)),
    state: "APPROVED",
    relayId: "A1",
    recordNumber: "",
    readerSerial: context.readerSerial,
    signingKeyId: new Uint8Array(wire.readerCertificateId),
    counter: wire.counter,
    kind: enumName(PaymentKind, context.kind),
    currency: context.currency,
    totalMinor: amounts.totalMinor,
    tipMinor: amounts.tipMinor,
    cashbackMinor: amounts.cashbackMinor,
    surchargeMinor: amounts.surchargeMinor,
    approvedMinor: amounts.totalMinor,
    responseCode: "00",
    settlementDate: 20_260_101,
    processorTimeMs: BigInt(nowMs),
    revision: 1,
  };
}

function signedResult(
  { context, contextBytes }: CheckedReaderPayment,
  options: NaiveProcessorOptions,
) {
  const nowMs = options.nowMs();
  const result = toBinary(
    ResultSchema,
    create(ResultSchema, {
      version: 1,
      paymentId: context.wire.paymentId,
      contextDigest: digest("payment-context", contextBytes),
      outcome: Outcome.APPROVED,
      responseCode: "00",
      approvedAmountMinor: context.amounts.totalMinor,
      currency: context.currency,
      readerSerial: context.readerSerial,
      processorTimeMs: BigInt(nowMs),
      revision: 1,
    }),
  );
  const signature = sign("result", result, options.result);
  return create(SignedResultSchema, { result, signature, keyId: options.result.keyId });
}
