import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { PaymentState, SignedResultSchema } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import {
  type LedgerPaymentSchema,
  ProcessorOversightService,
} from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { type MeshService, service } from "../../mesh/service.ts";
import type { AccountRow, LedgerRow, OversightStore } from "./oversight-store.ts";

/** As in the contract. */
const PAGE_MAX = 500;

/** cardlane.processor.v1.ProcessorOversightService: the whole ledger, for operators. */
export function oversightService(store: OversightStore): MeshService {
  return service(ProcessorOversightService, {
    async *streamPayments(_request, { signal }) {
      for await (const rows of store.payments(PAGE_MAX)) {
        signal.throwIfAborted();
        yield { payments: rows.map(paymentOf) };
      }
    },
    async *streamAccounts(_request, { signal }) {
      for await (const rows of store.accounts(PAGE_MAX)) {
        signal.throwIfAborted();
        yield { accounts: rows.map(accountOf) };
      }
    },
  });
}

function paymentOf(row: LedgerRow): MessageInitShape<typeof LedgerPaymentSchema> {
  const { state, result, result_signature: signature, result_key_id: keyId } = row;
  return {
    recordNumber: row.record_number,
    merchantId: row.merchant_id,
    paymentId: row.payment_id,
    state: state === "TOMBSTONE" ? PaymentState.REVERSED : PaymentState[state],
    isTombstone: state === "TOMBSTONE",
    totalMinor: row.total_minor,
    approvedAmountMinor: row.approved_minor,
    currency: row.currency,
    revision: row.revision,
    result: create(SignedResultSchema, { result, signature, keyId }),
    postings: row.postings.map((posting) => ({
      kind: posting.kind,
      amountMinor: BigInt(posting.amount_minor),
      currency: posting.currency,
      debitAccount: BigInt(posting.debit_account),
      creditAccount: BigInt(posting.credit_account),
    })),
    processorTimeMs: row.processor_time_ms,
  };
}

function accountOf(row: AccountRow) {
  return {
    accountId: row.account_id,
    kind: row.kind,
    merchantId: row.merchant_id,
    currency: row.currency,
    balanceMinor: row.balance_minor,
    recomputedMinor: row.recomputed_minor,
  };
}
