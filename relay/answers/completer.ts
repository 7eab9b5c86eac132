import { create } from "@bufbuild/protobuf";
import type {
  PaymentKind,
  Result,
  SignedResult,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import {
  type Acknowledgement,
  AcknowledgementSchema,
} from "../../gen/cardlane/processor/v1/processor_pb.ts";
import type { Clock } from "../../mesh/clock.ts";
import type { Faults } from "../../mesh/faults.ts";
import { GroupCommit } from "../../mesh/group-commit.ts";
import type { Log } from "../../mesh/log.ts";
import { Outage } from "../../mesh/retry/outage.ts";
import type { HopSpan, Telemetry } from "../../mesh/tracing/telemetry.ts";
import { PaymentError, type PaymentErrorCode } from "../../payment/errors.ts";
import { paymentIdToBytes } from "../../payment/identifiers.ts";
import { stateOfOutcome } from "../../payment/states.ts";
import type { ProcessorLanes } from "../forwarding/processor-lanes.ts";
import type { Completion, RecordStore } from "../records/record-store.ts";
import type { RecordOutcome } from "../records/relay-record.ts";

/** While the database is away an outcome is kept here and tried again. */
const RETRY_MS = 500;

/** What became of a record, to be committed and then told. */
export interface Ending {
  readonly outcome: RecordOutcome;
  readonly completion: Completion;
  /** Of the payment, for the statement's own span. */
  readonly span: HopSpan | undefined;
}

interface CompleterOptions {
  readonly store: Pick<RecordStore, "complete">;
  readonly lanes: Pick<ProcessorLanes, "acknowledge">;
  readonly clock: Clock;
  readonly log: Log;
  readonly telemetry: Telemetry;
  readonly faults: Faults;
  readonly stopping: AbortSignal;
  /** Called after the commit. */
  readonly onCompleted: (outcome: RecordOutcome) => void;
}

/** Commits outcomes in groups; tells them, and acknowledges them to the processor, only then. */
export class Completer {
  readonly #options: CompleterOptions;
  readonly #commits: GroupCommit<Ending, undefined>;
  /** Every outcome is tried twice a second. */
  readonly #outage: Outage;
  /** What the present outage of the database has held up. */
  readonly #kept = new Set<Ending>();

  constructor(options: CompleterOptions) {
    this.#options = options;
    this.#outage = new Outage(options.log, {
      begins: "outcomes cannot be committed and are kept",
      ends: "outcomes are committed again",
    });
    this.#commits = new GroupCommit({
      flush: (endings) => this.#commit(endings),
      pace: { clock: options.clock },
    });
  }

  /** Resolves when the outcome is committed, or was overtaken by another one. Never throws. */
  async complete(ending: Ending): Promise<void> {
    const { clock, log, stopping } = this.#options;
    const { recordNumber } = ending.outcome;
    while (!stopping.aborted) {
      try {
        await this.#commits.add(ending);
        this.#outage.succeeded({ count: this.#kept.size });
        this.#kept.clear();
        return;
      } catch (error) {
        if (!mayTryAgain(error)) {
          log.failure("an outcome could not be committed", error, { recordNumber });
          return;
        }
        this.#outage.failed(error);
        this.#kept.add(ending);
      }
      await clock.sleep(RETRY_MS, stopping).catch(() => undefined);
    }
  }

  idle(): Promise<void> {
    return this.#commits.idle();
  }

  async #commit(endings: readonly Ending[]): Promise<readonly undefined[]> {
    const { store, lanes, telemetry, faults, onCompleted } = this.#options;
    const spans = endings.flatMap(({ span }) => span ?? []);
    const batch = { operation: "UPDATE", collection: "record", rows: endings.length };
    const statement = telemetry.recordStatement(spans, batch);
    const changed = await store
      .complete(endings.map(({ completion }) => completion))
      .finally(() => statement.end());
    await faults.at("relay.completed");
    const committed = endings.filter(
      ({ completion }) => changed.get(completion.recordNumber) === completion.revision,
    );
    lanes.acknowledge(committed.flatMap(acknowledgementOf));
    for (const { outcome } of committed) onCompleted(outcome);
    return endings.map(() => undefined);
  }
}

/**
 * What a verified result makes of a record.
 *
 * @param isKept whether it is an approval in answer to a reversal.
 */
export function endingOf(
  record: RecordOutcome & { readonly kind: PaymentKind },
  signed: SignedResult,
  result: Result,
  span: HopSpan | undefined,
  isKept = false,
): Ending {
  const state = stateOfOutcome(result.outcome, record.kind);
  return {
    outcome: { ...record, state, result: signed, responseCode: result.responseCode },
    completion: {
      recordNumber: record.recordNumber,
      state,
      revision: result.revision,
      responseCode: result.responseCode,
      approvalCode: result.approvalCode,
      retrievalReference: result.retrievalReference,
      approvedAmountMinor: result.approvedAmountMinor,
      lastFour: result.lastFour,
      scheme: result.scheme,
      result: signed,
      faultCode: undefined,
      isKept,
    },
    span,
  };
}

/** The processor will never take this: it knows the id with other bytes or from elsewhere. */
export function neverTaken(record: RecordOutcome, code: PaymentErrorCode): Ending {
  const outcome = { ...record, state: "DECLINED" as const, result: undefined, faultCode: code };
  return {
    outcome,
    completion: {
      recordNumber: record.recordNumber,
      state: "DECLINED",
      revision: 0,
      responseCode: "",
      approvalCode: "",
      retrievalReference: "",
      approvedAmountMinor: 0n,
      lastFour: "",
      scheme: "",
      result: undefined,
      faultCode: code,
    },
    span: undefined,
  };
}

function acknowledgementOf({ outcome, completion }: Ending): Acknowledgement[] {
  if (completion.result === undefined) return [];
  const { merchantId, paymentId } = outcome;
  const { revision } = completion;
  return [
    create(AcknowledgementSchema, { merchantId, paymentId: paymentIdToBytes(paymentId), revision }),
  ];
}

function mayTryAgain(error: unknown): boolean {
  if (!(error instanceof PaymentError)) return false;
  return error.code === "STORE_NOT_REACHED" || error.code === "OVERLOADED";
}
