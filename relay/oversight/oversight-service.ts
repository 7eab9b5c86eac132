import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { PaymentState, SignedResultSchema } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import {
  type ComparedRecordSchema,
  type OpenReversalSchema,
  RelayOversightService,
} from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { type MeshService, service } from "../../mesh/service.ts";
import { PaymentError } from "../../payment/errors.ts";
import { endOf } from "../../payment/states.ts";
import type { ComparedRow, OpenReversalRow, OversightStore } from "./oversight-store.ts";

/** As in the contract. */
const PAGE_MAX = 500;
const PAGE_DEFAULT = 50;

/** cardlane.relay.v1.RelayOversightService: what operators compare and watch over. */
export function oversightService(store: OversightStore): MeshService {
  return service(RelayOversightService, {
    async *streamRecords(_request, { signal }) {
      for await (const rows of store.records(PAGE_MAX)) {
        signal.throwIfAborted();
        yield { records: rows.map(comparedOf) };
      }
    },
    async listReversals({ limit }) {
      if (limit > PAGE_MAX) {
        throw new PaymentError("MALFORMED_REQUEST", `limit must be 0 to ${PAGE_MAX}`, {
          field: "limit",
        });
      }
      const rows = await store.openReversals(limit === 0 ? PAGE_DEFAULT : limit);
      return { reversals: rows.map(reversalOf), total: BigInt(rows[0]?.total ?? 0) };
    },
  });
}

function comparedOf(row: ComparedRow): MessageInitShape<typeof ComparedRecordSchema> {
  const { result, result_signature: signature, result_key_id: keyId } = row;
  const hasResult = result !== null && signature !== null && keyId !== null;
  return {
    recordNumber: row.record_number,
    merchantId: row.merchant_id,
    paymentId: row.payment_id,
    state: PaymentState[row.state],
    certainty: endOf({
      state: row.state,
      responseCode: row.response_code,
      faultCode: row.fault_code,
    }).certainty,
    totalMinor: BigInt(row.total_minor),
    approvedAmountMinor: BigInt(row.approved_amount_minor),
    currency: row.currency,
    revision: row.revision,
    ...(hasResult && { result: create(SignedResultSchema, { result, signature, keyId }) }),
    completedAtMs: BigInt(row.completed_at?.getTime() ?? 0),
  };
}

function reversalOf(row: OpenReversalRow): MessageInitShape<typeof OpenReversalSchema> {
  return {
    recordNumber: row.record_number,
    paymentId: row.payment_id,
    merchantId: row.merchant_id,
    terminalId: row.terminal_id,
    totalMinor: BigInt(row.total_minor),
    currency: row.currency,
    orderedAtMs: BigInt(row.ordered_at.getTime()),
    attempts: row.reversal_attempts,
    nextAttemptAtMs: BigInt(row.due_at.getTime()),
    leaseOwner: row.lease_owner,
  };
}
