import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { PaymentState, SignedResultSchema } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import {
  HeldReversalDecision,
  type HeldReversalSchema,
  HoldReason,
  type LedgerPaymentSchema,
  ProcessorOversightService,
} from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { PAGE_SIZE_MAX, parsePageSize, withinOf } from "../../mesh/list-request.ts";
import { type MeshService, service } from "../../mesh/service.ts";
import { PaymentError } from "../../payment/errors.ts";
import { type PaymentKey, parseMerchantId, parsePaymentId } from "../../payment/identifiers.ts";
import type { StateName } from "../../payment/states.ts";
import type { LedgerAccount, LedgerPayment, OversightStore } from "./oversight-store.ts";
import type { Decision, WaitingOrder, WaitingOrders } from "./waiting-order.ts";

interface OversightParts {
  readonly store: OversightStore;
  readonly held: {
    list(limit: number): Promise<WaitingOrders>;
    decide(key: PaymentKey, decision: Decision): Promise<StateName>;
  };
}

/** cardlane.processor.v1.ProcessorOversightService: the whole ledger, for operators. */
export function oversightService({ store, held }: OversightParts): MeshService {
  return service(ProcessorOversightService, {
    async *streamPayments(request, { signal }) {
      for await (const rows of store.payments(PAGE_SIZE_MAX, withinOf(request))) {
        signal.throwIfAborted();
        yield { payments: rows.map(paymentOf) };
      }
    },
    async *streamAccounts(_request, { signal }) {
      for await (const rows of store.accounts(PAGE_SIZE_MAX)) {
        signal.throwIfAborted();
        yield { accounts: rows.map(accountOf) };
      }
    },
    async listHeldReversals({ limit }) {
      const { page, total } = await held.list(parsePageSize(limit, "limit"));
      return { reversals: page.map(heldOf), total };
    },
    async decideHeldReversal({ merchantId, paymentId, decision }) {
      const key = {
        merchantId: parseMerchantId(merchantId),
        paymentId: parsePaymentId(paymentId),
      };
      const state = await held.decide(key, decisionOf(decision));
      return { state: PaymentState[state] };
    },
  });
}

function paymentOf(row: LedgerPayment): MessageInitShape<typeof LedgerPaymentSchema> {
  const { result, resultSignature: signature, resultKeyId: keyId } = row;
  const isTombstone = row.state === "TOMBSTONE";
  return {
    recordNumber: row.recordNumber,
    merchantId: row.merchantId,
    paymentId: row.paymentId,
    state: isTombstone ? PaymentState.REVERSED : PaymentState[row.state as StateName],
    isTombstone,
    totalMinor: row.totalMinor,
    approvedAmountMinor: row.approvedMinor,
    currency: row.currency,
    revision: row.revision,
    result: create(SignedResultSchema, { result, signature, keyId }),
    postings: row.postings.map(({ kind, amountMinor, currency, debitAccount, creditAccount }) => {
      return { kind, amountMinor, currency, debitAccount, creditAccount };
    }),
    processorTimeMs: row.processorTimeMs,
  };
}

function accountOf({ holder, ...account }: LedgerAccount) {
  const merchantId = account.kind === "MERCHANT" ? new TextDecoder().decode(holder) : "";
  return { ...account, merchantId };
}

function heldOf({ reason, ...order }: WaitingOrder): MessageInitShape<typeof HeldReversalSchema> {
  return { ...order, reason: HoldReason[reason] };
}

/** @throws PaymentError MALFORMED_REQUEST. */
function decisionOf(decision: HeldReversalDecision): Decision {
  switch (decision) {
    case HeldReversalDecision.RELEASE:
      return "RELEASE";
    case HeldReversalDecision.REFUSE:
      return "REFUSE";
    default:
      throw new PaymentError("MALFORMED_REQUEST", "decision must be RELEASE or REFUSE", {
        field: "decision",
      });
  }
}
