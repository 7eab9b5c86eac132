import { paymentPages, type Within } from "../../prisma/payment-pages.ts";
import { ONE_MOMENT } from "../../prisma/readable-database.ts";
import type { Prisma, Record as RecordModel } from "../../prisma/relay/client/client.ts";
import type { Database } from "../database.ts";

/** What of a record can be compared with the processor's ledger. */
export type ComparedRecord = Pick<RecordModel, keyof typeof COMPARED>;

/** An order to undo a payment that was not acknowledged yet. */
export type OpenReversal = Pick<RecordModel, keyof typeof REVERSAL> & { readonly orderedAt: Date };

interface OpenReversals {
  readonly page: readonly OpenReversal[];
  /** Of all open ones, not of this page alone. */
  readonly total: number;
}

/** Reading all records, for operators. */
export class OversightStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The records in pages of up to `size`, in the order of merchant id and payment id. */
  records(size: number, within: Within = {}): AsyncGenerator<readonly ComparedRecord[]> {
    return paymentPages(size, within, (where, take) => {
      const query = { where, take, orderBy: IN_ORDER, select: COMPARED };
      return this.#database.read((prisma) => prisma.record.findMany(query));
    });
  }

  /** Those that are due first. */
  openReversals(limit: number): Promise<OpenReversals> {
    return this.#database.read((prisma) =>
      prisma.$transaction((moment) => openReversals(moment, limit), ONE_MOMENT),
    );
  }
}

async function openReversals(
  moment: Prisma.TransactionClient,
  limit: number,
): Promise<OpenReversals> {
  const where = { state: "REVERSING" };
  const query = { where, orderBy: { dueAt: "asc" }, take: limit, select: REVERSAL } as const;
  const records = await moment.record.findMany(query);
  const begun = await moment.recordEvent.findMany({
    where: { ...where, recordNumber: { in: records.map(({ recordNumber }) => recordNumber) } },
    orderBy: { sequence: "desc" },
  });
  // The first event of a record comes last, and stays.
  const begunAt = new Map(begun.map(({ recordNumber, changedAt }) => [recordNumber, changedAt]));
  return {
    page: records.map((record) => ({
      ...record,
      // What was cancelled before it came has no event: it was recorded in order to be undone.
      orderedAt: begunAt.get(record.recordNumber) ?? record.recordedAt,
    })),
    total: await moment.record.count({ where }),
  };
}

const IN_ORDER = [{ merchantId: "asc" as const }, { paymentId: "asc" as const }];

const COMPARED = {
  recordNumber: true,
  merchantId: true,
  paymentId: true,
  state: true,
  faultCode: true,
  responseCode: true,
  totalMinor: true,
  approvedAmountMinor: true,
  currency: true,
  revision: true,
  result: true,
  resultSignature: true,
  resultKeyId: true,
  completedAt: true,
} as const;

const REVERSAL = {
  recordNumber: true,
  paymentId: true,
  merchantId: true,
  terminalId: true,
  totalMinor: true,
  currency: true,
  recordedAt: true,
  reversalAttempts: true,
  dueAt: true,
  leaseOwner: true,
} as const;
