import { create, toBinary } from "@bufbuild/protobuf";
import { SignedResultSchema } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import {
  type Answer,
  AnswerSchema,
  HopAnswerSchema,
  type HopBox,
  HopBoxSchema,
} from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { faultOf } from "../../payment/payment-fault.ts";
import type { CheckedRelayCertificate } from "../../sealing/certificates.ts";
import { sealHopBox } from "../../sealing/hop-box.ts";
import { keyIdOf } from "../../sealing/key-id.ts";
import type { Random } from "../../sealing/random.ts";
import type { SharedKeys } from "../../sealing/shared-keys.ts";
import type { EntryAnswer } from "../authorization/submission.ts";

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
  #answers: Answer[] = [];
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
    this.#hop = hop;
    this.#answers.push(create(AnswerSchema, { requestNumber, answer: wire }));
    if (this.#answers.length === 1) setImmediate(() => this.flush());
  }

  /** Sends what has been collected, for a stream that is about to close. */
  flush(): void {
    const hop = this.#hop;
    if (hop === undefined) return;
    const answers = this.#answers;
    this.#answers = [];
    for (let start = 0; start < answers.length; start += ANSWERS_MAX) {
      this.#send(this.#box(hop, answers.slice(start, start + ANSWERS_MAX)));
    }
  }

  #box({ relay, processorKeyId, sharedKeys }: Hop, answers: readonly Answer[]): HopBox {
    this.#number += 1n;
    return create(HopBoxSchema, {
      number: this.#number,
      relayKeyId: keyIdOf(relay.hopKey),
      processorKeyId,
      sealed: sealHopBox({
        sharedKeys,
        peerPublicKey: relay.hopKey,
        direction: "answer",
        relayId: relay.relayId,
        random: this.#random,
        payload: toBinary(HopAnswerSchema, create(HopAnswerSchema, { answers: [...answers] })),
      }),
    });
  }
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
