import { create } from "@bufbuild/protobuf";
import { SignedResultSchema } from "../gen/cardlane/payment/v1/payment_pb.ts";
import { PAYMENT_TRANSITIONS, type StateName } from "../payment/states.ts";
import { equalBytes } from "../sealing/bytes.ts";
import type { Manifest } from "../sealing/manifest.ts";
import { verifySignedResult } from "../sealing/signed-result.ts";
import type { Databases } from "./databases.ts";
import type { History, Told, TriedPayment } from "./history.ts";

/** A record as the relay has it. */
interface RelayRow {
  readonly record_number: string;
  readonly payment_id: string;
  readonly state: StateName;
  readonly total_minor: bigint;
  readonly approved_amount_minor: bigint;
  readonly revision: number;
  readonly result: Uint8Array | null;
  readonly result_signature: Uint8Array | null;
  readonly result_key_id: Uint8Array | null;
}

/** A payment as the processor has it. */
interface LedgerRow {
  readonly record_number: string;
  readonly payment_id: string;
  readonly state: StateName | "TOMBSTONE";
  readonly total_minor: bigint;
  readonly approved_minor: bigint;
  readonly revision: number;
  readonly result: Uint8Array;
}

/** What the relay, the processor, the signed results and the clients say, side by side. */
export class Agreement {
  readonly #records: ReadonlyMap<string, RelayRow>;
  readonly #payments: ReadonlyMap<string, LedgerRow>;
  readonly #history: History;
  readonly #manifest: Manifest;
  readonly #events: readonly { record_number: string; state: StateName }[];

  static async read(
    databases: Databases,
    history: History,
    manifest: Manifest,
  ): Promise<Agreement> {
    const records = await databases.query<RelayRow>(
      "relay",
      `SELECT record_number, payment_id, state, total_minor, approved_amount_minor, revision,
         result, result_signature, result_key_id FROM record`,
    );
    const payments = await databases.query<LedgerRow>(
      "processor",
      `SELECT record_number, payment_id, state, total_minor, approved_minor, revision, result
       FROM processor.payment`,
    );
    const events = await databases.query<{ record_number: string; state: StateName }>(
      "relay",
      "SELECT record_number, state FROM record_event ORDER BY record_number, sequence",
    );
    return new Agreement({ records, payments, events }, history, manifest);
  }

  private constructor(
    rows: {
      readonly records: readonly RelayRow[];
      readonly payments: readonly LedgerRow[];
      readonly events: readonly { record_number: string; state: StateName }[];
    },
    history: History,
    manifest: Manifest,
  ) {
    this.#records = new Map(rows.records.map((row) => [row.payment_id, row]));
    this.#payments = new Map(rows.payments.map((row) => [row.payment_id, row]));
    this.#events = rows.events;
    this.#history = history;
    this.#manifest = manifest;
  }

  /** Each with what it found: nothing, if it holds. */
  check(): readonly { readonly invariant: string; readonly violations: readonly string[] }[] {
    const { payments } = this.#history;
    const told = payments.flatMap((tried) => tried.told.map((one) => ({ tried, one })));
    return [
      {
        invariant: "relay and processor agree on every record",
        violations: [...this.#disagreed()],
      },
      {
        invariant: "every signed result says what its record says",
        violations: [...this.#missigned()],
      },
      { invariant: "every state followed one it may follow", violations: [...this.#jumped()] },
      {
        invariant: "every payment got a final word",
        violations: this.#history.open.map(
          ({ client, paymentId }) => `${client} was told nothing final of ${paymentId}`,
        ),
      },
      {
        invariant: "what clients were told to be the end is the end",
        violations: told.flatMap(({ tried, one }) => [...this.#mistold(tried, one)]),
      },
      {
        invariant: "no client was told two different ends",
        violations: payments.filter(isToldTwoThings).map(({ client, paymentId, told }) => {
          return `${client}, ${paymentId}: ${told.map(({ outcome }) => outcome).join(", then ")}`;
        }),
      },
      {
        invariant: "the amount asked for is the amount recorded",
        violations: payments.flatMap((tried) => [...this.#misrecorded(tried)]),
      },
    ];
  }

  *#disagreed(): Iterable<string> {
    for (const record of this.#records.values()) {
      const payment = this.#payments.get(record.payment_id);
      const name = `record ${record.record_number}`;
      if (payment === undefined) {
        if (record.result !== null) yield `${name} has a result, the processor has no payment`;
        if (!["DECLINED", "REVERSED"].includes(record.state)) {
          yield `${name} is ${record.state}, the processor has no payment`;
        }
        continue;
      }
      const state = payment.state === "TOMBSTONE" ? "REVERSED" : payment.state;
      if (payment.record_number !== record.record_number) {
        yield `${name} is ${payment.record_number} at the processor`;
      }
      if (state !== record.state) yield `${name} is ${record.state}, at the processor ${state}`;
      if (record.result === null || !equalBytes(payment.result, record.result)) {
        yield `${name} (${record.state}) has another result than the processor`;
      }
      if (payment.revision !== record.revision) {
        yield `${name} has revision ${record.revision}, at the processor ${payment.revision}`;
      }
    }
    for (const { payment_id, state } of this.#payments.values()) {
      if (!this.#records.has(payment_id)) yield `${payment_id} (${state}) has no record`;
    }
  }

  *#missigned(): Iterable<string> {
    for (const record of this.#records.values()) {
      const { result, result_signature: signature, result_key_id: keyId } = record;
      if (result === null || signature === null || keyId === null) continue;
      const name = `record ${record.record_number}`;
      try {
        const said = verifySignedResult({
          signed: create(SignedResultSchema, { result, signature, keyId }),
          manifest: this.#manifest,
        });
        const isCharge = record.state === "APPROVED" || record.state === "AUTHORIZED";
        if (said.approvedAmountMinor !== record.approved_amount_minor) {
          yield `${name}: signed ${said.approvedAmountMinor}, kept ${record.approved_amount_minor}`;
        }
        if (isCharge && said.approvedAmountMinor === 0n) yield `${name}: a charge of nothing`;
        if (said.recordNumber !== record.record_number) yield `${name}: signed for another record`;
      } catch (error) {
        yield `${name}: ${String(error)}`;
      }
    }
  }

  *#jumped(): Iterable<string> {
    let previous: { record_number: string; state: StateName } | undefined;
    for (const event of this.#events) {
      if (previous?.record_number === event.record_number) {
        const allowed: readonly StateName[] = PAYMENT_TRANSITIONS[previous.state];
        if (!allowed.includes(event.state)) {
          yield `record ${event.record_number}: ${previous.state}, then ${event.state}`;
        }
      }
      previous = event;
    }
  }

  *#mistold(tried: TriedPayment, told: Told): Iterable<string> {
    const { client, paymentId } = tried;
    const record = this.#records.get(paymentId);
    const name = `${client} was told ${told.outcome} of ${paymentId}`;
    if (told.outcome === "NOT TAKEN") {
      const payment = this.#payments.get(paymentId);
      if (payment !== undefined && ["APPROVED", "AUTHORIZED"].includes(payment.state)) {
        yield `${name}, which was charged`;
      }
      return;
    }
    if (record === undefined) yield `${name}, which has no record`;
    else if (record.state !== told.outcome) yield `${name}, which is ${record.state}`;
    else if (told.recordNumber !== record.record_number) yield `${name} with a wrong record number`;
    else if (record.result === null || told.signed === undefined) yield `${name} without a result`;
    else if (!equalBytes(record.result, told.signed.result)) yield `${name} with another result`;
  }

  *#misrecorded({ paymentId, totalMinor }: TriedPayment): Iterable<string> {
    const record = this.#records.get(paymentId);
    // A payment that was cancelled before its bytes came has no amount.
    if (record === undefined || record.total_minor === 0n) return;
    if (record.total_minor !== totalMinor) {
      yield `${paymentId}: asked for ${totalMinor}, recorded ${record.total_minor}`;
    }
    const payment = this.#payments.get(paymentId);
    if (payment !== undefined && payment.approved_minor > totalMinor) {
      yield `${paymentId}: asked for ${totalMinor}, charged ${payment.approved_minor}`;
    }
  }
}

function isToldTwoThings({ told }: TriedPayment): boolean {
  return new Set(told.map(({ outcome }) => outcome)).size > 1;
}
