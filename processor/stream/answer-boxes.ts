import { create, toBinary } from "@bufbuild/protobuf";
import { SignedResultSchema } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import {
  type Answer,
  AnswerSchema,
  HopAnswerSchema,
  type HopBox,
  HopBoxSchema,
} from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { faultOf } from "../../payment/errors.ts";
import { signBoxResults } from "../../sealing/boxes/box-results.ts";
import { sealHopBox } from "../../sealing/boxes/hop-box.ts";
import type { Signer } from "../../sealing/curves/curves.ts";
import { keyIdOf } from "../../sealing/curves/hash.ts";
import type { SharedKeys } from "../../sealing/curves/shared-keys.ts";
import type { CheckedRelayCertificate } from "../../sealing/keys/certificates.ts";
import type { Random } from "../../sealing/random.ts";
import type { EntryAnswer } from "../payments/entry-answer.ts";

/** As in the contract's HopRequest; an answer is under a kilobyte. */
const ANSWERS_MAX = 256;

/** The two ends of a hop box. */
export interface Hop {
  readonly relay: CheckedRelayCertificate;
  /** Own keys, by the id that the relay used. */
  readonly processorKeyId: Uint8Array;
  readonly sharedKeys: SharedKeys;
}

/** Collects the answers of one turn of the event loop, and boxes them together. */
export class AnswerBoxes {
  readonly #random: Random;
  readonly #send: (box: HopBox) => void;
  #answers: SignedAnswer[] = [];
  #acknowledgedBoxes: bigint[] = [];
  #hop: Hop | undefined;
  #number = 0n;

  constructor(random: Random, send: (box: HopBox) => void) {
    this.#random = random;
    this.#send = send;
  }

  /** The answers on one stream all go to the relay at its other end. */
  add(hop: Hop, requestNumber: bigint, answer: EntryAnswer): void {
    const wire = wireOf(answer);
    if (wire === undefined) return;
    this.#plan(hop);
    const signer = answer.kind === "result" ? answer.signer : undefined;
    this.#answers.push({ answer: create(AnswerSchema, { requestNumber, answer: wire }), signer });
  }

  /** What the relay acknowledged in this box of its own is written down. */
  addAcknowledged(hop: Hop, box: bigint): void {
    this.#plan(hop);
    this.#acknowledgedBoxes.push(box);
  }

  /** Sends what has been collected, for a stream that is about to close. */
  flush(): void {
    const hop = this.#hop;
    if (hop === undefined) return;
    const answers = this.#answers;
    const acknowledged = this.#acknowledgedBoxes;
    this.#answers = [];
    this.#acknowledgedBoxes = [];
    const length = Math.max(answers.length, acknowledged.length);
    for (let start = 0; start < length; start += ANSWERS_MAX) {
      const end = start + ANSWERS_MAX;
      this.#send(this.#box(hop, answers.slice(start, end), acknowledged.slice(start, end)));
    }
  }

  #plan(hop: Hop): void {
    const isPlanned = this.#answers.length + this.#acknowledgedBoxes.length > 0;
    this.#hop = hop;
    if (!isPlanned) setImmediate(() => this.flush());
  }

  #box(
    { relay, processorKeyId, sharedKeys }: Hop,
    signed: readonly SignedAnswer[],
    acknowledgedBoxes: bigint[],
  ): HopBox {
    this.#number += 1n;
    const { relayId } = relay;
    const answers = signed.map(({ answer }) => answer);
    const signer = signerOfAll(signed);
    const resultsSignature = signer && signBoxResults({ relayId, answers }, signer);
    const answer = create(HopAnswerSchema, { answers, resultsSignature, acknowledgedBoxes });
    return create(HopBoxSchema, {
      number: this.#number,
      relayKeyId: keyIdOf(relay.hopKey),
      processorKeyId,
      sealed: sealHopBox({
        sharedKeys,
        peerPublicKey: relay.hopKey,
        direction: "answer",
        relayId,
        random: this.#random,
        payload: toBinary(HopAnswerSchema, answer),
      }),
    });
  }
}

/** An answer, and who signed it just now when it is a result. */
interface SignedAnswer {
  readonly answer: Answer;
  readonly signer: Signer | undefined;
}

/** Who signed all results just now; undefined when there is one that nobody here saw being made. */
function signerOfAll(answers: readonly SignedAnswer[]): Signer | undefined {
  const results = answers.filter(({ answer }) => answer.answer.case === "result");
  const signer = results[0]?.signer;
  return results.every((one) => one.signer === signer) ? signer : undefined;
}

function wireOf(answer: EntryAnswer): Answer["answer"] | undefined {
  switch (answer.kind) {
    case "result":
      return { case: "result", value: create(SignedResultSchema, answer.stored) };
    case "fault":
      return { case: "fault", value: faultOf(answer.error) };
    case "silence":
      return undefined;
  }
}
