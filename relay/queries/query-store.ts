import type { MerchantId, PaymentId } from "../../payment/identifiers.ts";
import type { RecordNumber } from "../../payment/record-number.ts";
import { OPEN_STATES, type StateName, TAKEN_BEFORE } from "../../payment/states.ts";
import type { Prisma, Record as RecordModel } from "../../prisma/relay/client/client.ts";
import type { Database } from "../database.ts";

/** Everything of a record that people may see: no sealed data, no digests. */
export type ShownRecord = Omit<RecordModel, keyof typeof OMIT>;

/** Where a page of records ends. */
export interface PagePosition {
  readonly recordedAtMs: number;
  readonly recordNumber: string;
}

interface RecordFilter {
  /** Undefined: of all merchants. */
  readonly merchantId: MerchantId | undefined;
  /** Undefined: in any state. */
  readonly state: StateName | undefined;
  /** Whether it is at its end, as `endOf` says. Undefined: either. */
  readonly isAtEnd: boolean | undefined;
}

/** Reading records for people; nothing here is on the way of a payment. */
export class QueryStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  findByNumber(recordNumber: RecordNumber): Promise<ShownRecord | null> {
    const where = { recordNumber };
    return this.#database.read((prisma) => prisma.record.findUnique({ where, omit: OMIT }));
  }

  findByPayment(merchantId: MerchantId, paymentId: PaymentId): Promise<ShownRecord | null> {
    const where = { merchantId_paymentId: { merchantId, paymentId } };
    return this.#database.read((prisma) => prisma.record.findUnique({ where, omit: OMIT }));
  }

  /** At most two: several merchants may, in theory, have made the same id. */
  findByPaymentId(paymentId: PaymentId): Promise<readonly ShownRecord[]> {
    const query = { where: { paymentId }, omit: OMIT, take: 2 };
    return this.#database.read((prisma) => prisma.record.findMany(query));
  }

  findByNumbers(recordNumbers: readonly string[]): Promise<readonly ShownRecord[]> {
    const where = { recordNumber: { in: [...recordNumbers] } };
    return this.#database.read((prisma) => prisma.record.findMany({ where, omit: OMIT }));
  }

  /**
   * Newest first, after `position` when there is one. What was made impossible before it came has
   * no kind and is in no list: it is found by its id.
   */
  list(
    filter: RecordFilter,
    position: PagePosition | undefined,
    size: number,
  ): Promise<readonly ShownRecord[]> {
    const where: Prisma.RecordWhereInput = {
      kind: { not: "UNSPECIFIED" },
      ...(filter.merchantId === undefined ? {} : { merchantId: filter.merchantId }),
      ...(filter.state === undefined ? {} : { state: filter.state }),
      ...(filter.isAtEnd === undefined ? {} : { AND: filter.isAtEnd ? AT_END : AT_NO_END }),
      ...(position === undefined ? {} : olderThan(position)),
    };
    const orderBy = [{ recordedAt: "desc" as const }, { recordNumber: "desc" as const }];
    const query = { where, orderBy, take: size, omit: OMIT };
    return this.#database.read((prisma) => prisma.record.findMany(query));
  }
}

function olderThan({ recordedAtMs, recordNumber }: PagePosition): Prisma.RecordWhereInput {
  const recordedAt = new Date(recordedAtMs);
  return {
    // The first condition alone lets PostgreSQL start at the right place of the index.
    recordedAt: { lte: recordedAt },
    OR: [{ recordedAt: { lt: recordedAt } }, { recordNumber: { lt: recordNumber } }],
  };
}

/** As `endOf` says it of one record. */
const AT_NO_END: Prisma.RecordWhereInput = {
  OR: [
    { state: { in: [...OPEN_STATES] } },
    { state: "DECLINED", faultCode: { in: [...TAKEN_BEFORE] } },
  ],
};

/** Not `NOT`: without a fault code the condition above is neither true nor false. */
const AT_END: Prisma.RecordWhereInput = {
  state: { notIn: [...OPEN_STATES] },
  OR: [
    { state: { not: "DECLINED" } },
    { faultCode: null },
    { faultCode: { notIn: [...TAKEN_BEFORE] } },
  ],
};

const OMIT = {
  digest: true,
  contextDigest: true,
  readerPayment: true,
  readerSignature: true,
  reverse: true,
  reverseSignature: true,
} as const;
