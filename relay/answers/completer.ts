import type {
  PaymentKind,
  Result,
  SignedResult,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { GroupCommit } from "../../mesh/group-commit.ts";
import { Outage } from "../../mesh/retry/outage.ts";
import { type HopSpan, recordedStatement } from "../../mesh/tracing/telemetry.ts";
import { PaymentError, type PaymentErrorCode } from "../../payment/errors.ts";
import { HELD, stateOfOutcome } from "../../payment/states.ts";
import type { AcknowledgementKeeper } from "../acknowledgements/acknowledgement-keeper.ts";
import type { Ticket } from "../acknowledgements/pending-results.ts";
import type { RecordStore } from "../records/record-store.ts";
import type { Ending, RecordOutcome } from "../records/relay-record.ts";
import type { Waiting } from "../records/waiting.ts";
import type { RelaySurroundings } from "../relay-surroundings.ts";

/** While the database is away an outcome is kept here and tried again. */
const RETRY_MS = 500;

type Acknowledging = Pick<AcknowledgementKeeper, "isOpen" | "open" | "expect" | "committed">;

interface ExpectedEnding {
  readonly ending: Ending;
  readonly ticket: Ticket;
}

/** Commits outcomes in groups; tells them, and acknowledges them to the processor, only then. */
export class Completer {
  readonly #store: Pick<RecordStore, "complete">;
  readonly #acknowledgements: Acknowledging;
  readonly #waiting: Pick<Waiting, "tell">;
  readonly #around: RelaySurroundings;
  readonly #commits: GroupCommit<ExpectedEnding, undefined>;
  /** Every outcome is tried twice a second. */
  readonly #outage: Outage;
  /** What the present outage of the database has held up. */
  readonly #kept = new Set<Ending>();

  constructor(
    store: Pick<RecordStore, "complete">,
    acknowledgements: Acknowledging,
    waiting: Pick<Waiting, "tell">,
    around: RelaySurroundings,
  ) {
    this.#store = store;
    this.#acknowledgements = acknowledgements;
    this.#waiting = waiting;
    this.#around = around;
    this.#outage = new Outage(around.log, {
      begins: "outcomes cannot be committed and are kept",
      ends: "outcomes are committed again",
    });
    this.#commits = new GroupCommit({
      flush: (endings) => this.#commit(endings),
      pace: { clock: around.clock },
    });
  }

  /** Resolves when the outcome is committed, or was overtaken by another one. Never throws. */
  async complete(ending: Ending): Promise<void> {
    const { clock, log, stopping } = this.#around;
    const { recordNumber } = ending;
    const ticket = this.#acknowledgements.expect();
    while (!stopping.aborted) {
      try {
        if (!this.#acknowledgements.isOpen) await this.#acknowledgements.open();
        await this.#commits.add({ ending, ticket });
        this.#outage.succeeded({ count: this.#kept.size });
        this.#kept.clear();
        return;
      } catch (error) {
        if (!mayTryAgain(error)) {
          log.failure("an outcome could not be committed", error, { recordNumber });
          this.#acknowledgements.committed([{ ticket, result: undefined }]);
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

  async #commit(expected: readonly ExpectedEnding[]): Promise<readonly undefined[]> {
    const { telemetry, faults } = this.#around;
    const endings = expected.map(({ ending }) => ending);
    const kept = await recordedStatement({
      telemetry,
      spans: endings.map(({ span }) => span),
      statement: { operation: "UPDATE", collection: "record" },
      run: () => this.#store.complete(endings),
    });
    await faults.at("relay.completed");
    const isKept = ({ recordNumber, revision }: Ending) => kept.get(recordNumber) === revision;
    this.#acknowledgements.committed(
      expected.map(({ ending, ticket }) => {
        const isResult = isKept(ending) && ending.result !== undefined;
        return { ticket, result: isResult ? ending : undefined };
      }),
    );
    for (const ending of endings.filter(isKept)) this.#waiting.tell(ending);
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

function mayTryAgain(error: unknown): boolean {
  if (!(error instanceof PaymentError)) return false;
  return error.code === "STORE_NOT_REACHED" || error.code === "OVERLOADED";
}
