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
import { GroupCommit } from "../../mesh/group-commit.ts";
import { Outage } from "../../mesh/retry/outage.ts";
import type { Surroundings } from "../../mesh/surroundings.ts";
import { type HopSpan, recordedStatement } from "../../mesh/tracing/telemetry.ts";
import { PaymentError, type PaymentErrorCode } from "../../payment/errors.ts";
import { paymentIdToBytes } from "../../payment/identifiers.ts";
import { HELD, stateOfOutcome } from "../../payment/states.ts";
import type { ProcessorLanes } from "../forwarding/processor-lanes.ts";
import type { RecordStore } from "../records/record-store.ts";
import type { Ending, RecordOutcome } from "../records/relay-record.ts";

/** While the database is away an outcome is kept here and tried again. */
const RETRY_MS = 500;

interface CompleterOptions extends Surroundings {
  readonly store: Pick<RecordStore, "complete">;
  readonly lanes: Pick<ProcessorLanes, "acknowledge">;
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
    const { recordNumber } = ending;
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
    const changed = await recordedStatement({
      telemetry,
      spans: endings.map(({ span }) => span),
      statement: { operation: "UPDATE", collection: "record" },
      run: () => store.complete(endings),
    });
    await faults.at("relay.completed");
    const committed = endings.filter(
      ({ recordNumber, revision }) => changed.get(recordNumber) === revision,
    );
    lanes.acknowledge(committed.flatMap(acknowledgementOf));
    for (const ending of committed) onCompleted(ending);
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
  const { recordNumber, merchantId, paymentId, kind } = record;
  const faultCode = record.faultCode === HELD ? undefined : record.faultCode;
  return {
    recordNumber,
    merchantId,
    paymentId,
    state: stateOfOutcome(result.outcome, kind),
    revision: result.revision,
    responseCode: result.responseCode,
    approvalCode: result.approvalCode,
    retrievalReference: result.retrievalReference,
    approvedAmountMinor: result.approvedAmountMinor,
    lastFour: result.lastFour,
    scheme: result.scheme,
    result: signed,
    faultCode,
    isKept,
    span,
  };
}

/** The processor will never take this: it knows the id with other bytes or from elsewhere. */
export function neverTaken(record: RecordOutcome, code: PaymentErrorCode): Ending {
  const { recordNumber, merchantId, paymentId } = record;
  return {
    recordNumber,
    merchantId,
    paymentId,
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
    isKept: false,
    span: undefined,
  };
}

function acknowledgementOf({ merchantId, paymentId, revision, result }: Ending): Acknowledgement[] {
  if (result === undefined) return [];
  return [
    create(AcknowledgementSchema, { merchantId, paymentId: paymentIdToBytes(paymentId), revision }),
  ];
}

function mayTryAgain(error: unknown): boolean {
  if (!(error instanceof PaymentError)) return false;
  return error.code === "STORE_NOT_REACHED" || error.code === "OVERLOADED";
}
