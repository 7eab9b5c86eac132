import { create } from "@bufbuild/protobuf";
import { SignedResultSchema } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { isApproved, mayFollow, type StateName } from "../../payment/states.ts";
import { verifySignedResult } from "../../sealing/boxes/signed-result.ts";
import { equalBytes } from "../../sealing/bytes.ts";
import type { Check, Evidence } from "./check.ts";
import type { EventRow, LedgerRow, RelayRow } from "./end-state.ts";

/** What the relay's database can tell, alone and beside the processor's. */
export const RECORD_CHECKS: readonly Check[] = [
  { invariant: "every record is final", violations: open },
  { invariant: "one record for each payment", violations: recordedTwice },
  { invariant: "the sealed data of a final record is gone", violations: stillSealed },
  { invariant: "the last event of a record is its state", violations: mistoldByEvents },
  { invariant: "every state followed one it may follow", violations: jumped },
  { invariant: "relay and processor agree on every record", violations: disagreed },
  { invariant: "every signed result says what its record says", violations: missigned },
  { invariant: "one charge for an id, whichever relays submit it", violations: chargedElsewhere },
];

const OPEN: readonly StateName[] = ["RECEIVED", "FORWARDED", "REVERSING"];

function* open({ end }: Evidence): Iterable<string> {
  for (const { record_number, payment_id, state, is_due } of end.records) {
    if (!OPEN.includes(state) && !is_due) continue;
    yield `record ${record_number} of ${payment_id} is ${state}${is_due ? " and due" : ""}`;
  }
}

function* recordedTwice({ end }: Evidence): Iterable<string> {
  const keyOf = ({ merchant_id, payment_id }: RelayRow) => `${merchant_id} ${payment_id}`;
  for (const [key, records] of Map.groupBy(end.records, keyOf)) {
    if (records.length > 1) yield `${key}: ${records.length} records`;
  }
}

function* stillSealed({ end }: Evidence): Iterable<string> {
  for (const { record_number, state, has_sealed_data } of end.records) {
    if (!OPEN.includes(state) && has_sealed_data) yield `record ${record_number} is ${state}`;
  }
}

function* mistoldByEvents({ end }: Evidence): Iterable<string> {
  const last = new Map(end.events.map(({ record_number, state }) => [record_number, state]));
  for (const { record_number, state, is_unseen } of end.records) {
    const told = last.get(record_number);
    // Nobody has to be told of a payment that never came.
    if (is_unseen && told === undefined) continue;
    if (told !== state) yield `record ${record_number} is ${state}, its last event ${told}`;
  }
}

function* jumped({ end }: Evidence): Iterable<string> {
  const previous = new Map<string, EventRow>();
  for (const event of end.events) {
    const { record_number, state } = event;
    const before = previous.get(record_number);
    if (before !== undefined && !mayFollow(before.state, state)) {
      yield `record ${record_number}: ${before.state}, then ${state}`;
    }
    previous.set(record_number, event);
  }
}

function* disagreed({ end }: Evidence): Iterable<string> {
  const payments = new Map(end.payments.map((payment) => [payment.payment_id, payment]));
  const recorded = new Set(end.records.map(({ payment_id }) => payment_id));
  for (const record of end.records) {
    for (const difference of differences(record, payments.get(record.payment_id))) {
      yield `record ${record.record_number} ${difference}`;
    }
  }
  for (const { payment_id, state } of end.payments) {
    if (!recorded.has(payment_id)) yield `${payment_id} (${state}) has no record`;
  }
}

function* differences(record: RelayRow, payment: LedgerRow | undefined): Iterable<string> {
  if (payment === undefined) {
    if (record.result !== null) yield "has a result, the processor has no payment";
    if (!["DECLINED", "REVERSED"].includes(record.state)) {
      yield `is ${record.state}, the processor has no payment`;
    }
    return;
  }
  const state = payment.state === "TOMBSTONE" ? "REVERSED" : payment.state;
  if (payment.record_number !== record.record_number) {
    yield `is ${payment.record_number} at the processor`;
  }
  if (state !== record.state) yield `is ${record.state}, at the processor ${state}`;
  if (record.result === null || !equalBytes(payment.result, record.result)) {
    yield `(${record.state}) has another result than the processor`;
  }
  if (payment.revision !== record.revision) {
    yield `has revision ${record.revision}, at the processor ${payment.revision}`;
  }
}

/** It came there after its end, so nothing that this relay has of it may be a charge. */
function* chargedElsewhere({ end }: Evidence): Iterable<string> {
  const numbers = new Set(end.otherRecords.map(({ record_number }) => record_number));
  for (const { payment_id, record_number, state, is_due } of end.otherRecords) {
    if (!is_due && ["DECLINED", "REVERSED"].includes(state)) continue;
    yield `${payment_id} is ${state} at another relay, record ${record_number}`;
  }
  for (const { payment_id, record_number, state } of end.payments) {
    if (!numbers.has(record_number)) continue;
    yield `${payment_id} (${state}) is the other relay's at the processor`;
  }
}

function* missigned({ end, manifest }: Evidence): Iterable<string> {
  for (const record of end.records) {
    const { result, result_signature: signature, result_key_id: keyId } = record;
    if (result === null || signature === null || keyId === null) continue;
    const name = `record ${record.record_number}`;
    try {
      const signed = create(SignedResultSchema, { result, signature, keyId });
      const said = verifySignedResult({ signed, manifest });
      if (said.approvedAmountMinor !== record.approved_amount_minor) {
        yield `${name}: signed ${said.approvedAmountMinor}, kept ${record.approved_amount_minor}`;
      }
      if (isApproved(record.state) && said.approvedAmountMinor === 0n)
        yield `${name}: a charge of nothing`;
      if (said.recordNumber !== record.record_number) yield `${name}: signed for another record`;
      if (said.merchantId !== record.merchant_id) yield `${name}: signed for another merchant`;
    } catch (error) {
      yield `${name}: ${String(error)}`;
    }
  }
}
