import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { PaymentState, SignedResultSchema } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import {
  type ComparedRecordSchema,
  type OpenReversalSchema,
  RelayOversightService,
} from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { PAGE_SIZE_MAX, parsePageSize, withinOf } from "../../mesh/list-request.ts";
import { type MeshService, service } from "../../mesh/service.ts";
import { endOf, type StateName } from "../../payment/states.ts";
import type { ComparedRecord, OpenReversal, OversightStore } from "./oversight-store.ts";

/** cardlane.relay.v1.RelayOversightService: what operators compare and watch over. */
export function oversightService(store: OversightStore): MeshService {
  return service(RelayOversightService, {
    async *streamRecords(request, { signal }) {
      for await (const rows of store.records(PAGE_SIZE_MAX, withinOf(request))) {
        signal.throwIfAborted();
        yield { records: rows.map(comparedOf) };
      }
    },
    async listReversals({ limit }) {
      const { page, total } = await store.openReversals(parsePageSize(limit, "limit"));
      return { reversals: page.map(reversalOf), total: BigInt(total) };
    },
  });
}

function comparedOf(row: ComparedRecord): MessageInitShape<typeof ComparedRecordSchema> {
  const { result, resultSignature: signature, resultKeyId: keyId } = row;
  const hasResult = result !== null && signature !== null && keyId !== null;
  return {
    recordNumber: row.recordNumber,
    merchantId: row.merchantId,
    paymentId: row.paymentId,
    state: PaymentState[row.state as StateName],
    certainty: endOf({ ...row, state: row.state as StateName }).certainty,
    totalMinor: row.totalMinor,
    approvedAmountMinor: row.approvedAmountMinor,
    currency: row.currency,
    revision: row.revision,
    ...(hasResult && { result: create(SignedResultSchema, { result, signature, keyId }) }),
    completedAtMs: BigInt(row.completedAt?.getTime() ?? 0),
  };
}

function reversalOf(row: OpenReversal): MessageInitShape<typeof OpenReversalSchema> {
  return {
    recordNumber: row.recordNumber,
    paymentId: row.paymentId,
    merchantId: row.merchantId,
    terminalId: row.terminalId,
    totalMinor: row.totalMinor,
    currency: row.currency,
    orderedAtMs: BigInt(row.orderedAt.getTime()),
    attempts: row.reversalAttempts,
    nextAttemptAtMs: BigInt(row.dueAt?.getTime() ?? 0),
    leaseOwner: row.leaseOwner,
  };
}
