import { create } from "@bufbuild/protobuf";
import {
  Verdict,
  type VerifyRequest,
  VerifyRequestSchema,
  type VerifyResponse,
} from "../../gen/cardlane/pin/v1/pin_pb.ts";
import type { Timer } from "../../mesh/clock.ts";
import { SlotMap } from "../../mesh/slot-map.ts";
import type { FrameStream } from "../../mesh/stream/frame-stream.ts";
import { type LastingStream, lastingStream } from "../../mesh/stream/lasting-stream.ts";
import type { Pan } from "../../payment/card.ts";
import { PaymentError } from "../../payment/errors.ts";
import { sealHopBox } from "../../sealing/boxes/hop-box.ts";
import { keyIdOf } from "../../sealing/curves/hash.ts";
import { jitterFrom } from "../../sealing/random.ts";
import type { ProcessorKeys } from "../keys/processor-keys.ts";
import type { ProcessorSurroundings } from "../processor-surroundings.ts";
import { verificationsBytes } from "./verifications-bytes.ts";

/** What came of a PIN; `NOT_ASKED` but for an online PIN. */
export type PinOutcome = "NOT_ASKED" | "VERIFIED" | "WRONG" | "TRIES_EXCEEDED" | "REFUSED";

/** What stands in a hop box between processor and PIN service where else a relay's id does. */
export const PIN_HOP_ID = "PN";

/** cardlane.pin.v1.PinBox.sealed. */
export const PIN_BOX_BYTES_MAX = 262_144;

/** cardlane.pin.v1.PinVerifications. */
export const PIN_VERIFICATIONS_MAX = 256;

/** A relay waits longer than this; a PIN service that needs it all is as good as gone. */
const ANSWER_MS_MAX = 5_000;

/** A PIN to verify. */
export interface PinQuestion {
  /** PaymentContext as the reader serialised it. */
  readonly contextBytes: Uint8Array;
  readonly pinBox: Uint8Array;
  readonly pan: Pan;
  /** SHA-512 of the reader_payment bytes. */
  readonly digest: Uint8Array;
  /** Of the reader's certificate, 8 bytes. */
  readonly dukptInitialKeyId: Uint8Array;
  readonly traceparent: string;
}

/**
 * The processor's way to the PIN service. A question that was on a stream which broke is asked
 * again on the next one: its verdict is kept there and repeated.
 */
export class PinClient implements AsyncDisposable {
  readonly #keys: Pick<ProcessorKeys, "pinHop" | "pinServiceHop">;
  readonly #around: ProcessorSurroundings;
  readonly #stream: LastingStream<VerifyRequest>;
  readonly #waiting = new SlotMap<bigint, WaitingQuestion>();
  /** Those of this turn of the event loop: they share a box. */
  #unasked: WaitingQuestion[] = [];
  #requestNumber = 0n;
  #boxNumber = 0n;

  /**
   * @param open opens a stream to the PIN service.
   * @param onReachable is told when the PIN service can be reached, or not any more.
   */
  constructor(
    open: () => FrameStream<VerifyRequest, VerifyResponse>,
    keys: Pick<ProcessorKeys, "pinHop" | "pinServiceHop">,
    around: ProcessorSurroundings,
    onReachable: (isReachable: boolean) => void,
  ) {
    this.#keys = keys;
    this.#around = around;
    this.#stream = lastingStream<typeof VerifyRequestSchema, VerifyResponse>({
      ...around.speaker,
      open,
      schema: VerifyRequestSchema,
      clock: around.clock,
      jitter: jitterFrom(around.random),
      onFrame: (frame) => this.#receive(frame),
      onUp: () => {
        onReachable(true);
        this.#unasked = [...this.#waiting.values()];
        this.#ask();
      },
      onOver: () => onReachable(this.#stream.number !== 0),
    });
  }

  /**
   * Asks about a PIN, in one box with all others of this turn of the event loop.
   *
   * @throws PaymentError UPSTREAM_NOT_REACHED when the PIN service did not decide: ask again with
   *   the same bytes, nothing is counted twice.
   */
  verify(question: PinQuestion): Promise<PinOutcome> {
    const waiting = this.#add(question);
    this.#unasked.push(waiting);
    if (this.#unasked.length === 1) setImmediate(() => this.#ask());
    return waiting.outcome.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { requestNumber } of this.#waiting.values()) this.#settle(requestNumber, undefined);
    await this.#stream.close();
  }

  #add(question: PinQuestion): WaitingQuestion {
    this.#requestNumber += 1n;
    const requestNumber = this.#requestNumber;
    const timer = this.#around.clock.timer(ANSWER_MS_MAX, () =>
      this.#settle(requestNumber, undefined),
    );
    const outcome = Promise.withResolvers<PinOutcome>();
    const waiting = { requestNumber, question, timer, outcome };
    this.#waiting.set(requestNumber, waiting);
    return waiting;
  }

  /** Without a stream nothing is sent: the next one begins with all that waits. */
  #ask(): void {
    const unasked = this.#unasked;
    this.#unasked = [];
    for (let start = 0; start < unasked.length; start += PIN_VERIFICATIONS_MAX) {
      this.#sendBox(unasked.slice(start, start + PIN_VERIFICATIONS_MAX));
    }
  }

  #sendBox(waiting: readonly WaitingQuestion[]): void {
    const keys = this.#keys;
    const payload = verificationsBytes(
      waiting.map(({ requestNumber, question }) => ({
        ...question,
        requestNumber,
        context: question.contextBytes,
      })),
    );
    this.#boxNumber += 1n;
    const sealed = sealHopBox({
      sharedKeys: keys.pinHop.sharedKeys,
      peerPublicKey: keys.pinServiceHop,
      direction: "request",
      relayId: PIN_HOP_ID,
      random: this.#around.random,
      payload,
    });
    payload.fill(0);
    const value = {
      number: this.#boxNumber,
      processorKeyId: keys.pinHop.keyId,
      pinServiceKeyId: keyIdOf(keys.pinServiceHop),
      sealed,
    };
    this.#stream.send(create(VerifyRequestSchema, { frame: { case: "box", value } }));
  }

  #receive({ frame }: VerifyResponse): void {
    // A box that was refused is not sent again; its questions run into their time limit.
    if (frame.case !== "verdicts") return;
    for (const { requestNumber, verdict, triesLeft } of frame.value.verdicts) {
      // After the last wrong PIN nobody should be asked to type another.
      const isLastTry = verdict === Verdict.WRONG && triesLeft === 0;
      this.#settle(requestNumber, isLastTry ? "TRIES_EXCEEDED" : OUTCOMES[verdict]);
    }
  }

  #settle(requestNumber: bigint, outcome: PinOutcome | undefined): void {
    const waiting = this.#waiting.get(requestNumber);
    if (waiting === undefined) return;
    this.#waiting.delete(requestNumber);
    waiting.timer.cancel();
    if (outcome !== undefined) waiting.outcome.resolve(outcome);
    else waiting.outcome.reject(notReached());
  }
}

interface WaitingQuestion {
  readonly requestNumber: bigint;
  readonly question: PinQuestion;
  readonly timer: Timer;
  readonly outcome: PromiseWithResolvers<PinOutcome>;
}

const OUTCOMES: Readonly<Record<Verdict, PinOutcome | undefined>> = {
  [Verdict.UNSPECIFIED]: undefined,
  [Verdict.VERIFIED]: "VERIFIED",
  [Verdict.WRONG]: "WRONG",
  [Verdict.TRIES_EXCEEDED]: "TRIES_EXCEEDED",
  [Verdict.REFUSED]: "REFUSED",
  [Verdict.UNAVAILABLE]: undefined,
};

function notReached(): PaymentError {
  return new PaymentError("UPSTREAM_NOT_REACHED", "the PIN service did not decide");
}
