import { create, fromBinary, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type PinBox,
  PinService,
  type PinVerdict,
  PinVerdictSchema,
  type PinVerification,
  type PinVerifications,
  PinVerificationsSchema,
  Verdict,
  type VerifyRequest,
  type VerifyResponse,
  VerifyResponseSchema,
} from "../../gen/cardlane/pin/v1/pin_pb.ts";
import { type MeshService, type MethodsOf, service } from "../../mesh/service.ts";
import type { FrameStream } from "../../mesh/stream/frame-stream.ts";
import type { LiveStream } from "../../mesh/stream/live-stream.ts";
import { OwedAnswers } from "../../mesh/stream/owed-answers.ts";
import { liveStream } from "../../mesh/stream/stream-life.ts";
import { faultOf, PaymentError } from "../../payment/errors.ts";
import { openHopBox } from "../../sealing/boxes/hop-box.ts";
import { equalBytes } from "../../sealing/bytes.ts";
import { jitterFrom } from "../../sealing/random.ts";
import { SealedDataRejected } from "../../sealing/sealed-data-rejected.ts";
import { PIN_BOX_BYTES_MAX, PIN_HOP_ID, PIN_VERIFICATIONS_MAX } from "../pins/pin-client.ts";
import type { ProcessorSurroundings } from "../processor-surroundings.ts";
import type { PinKeys } from "./pin-keys.ts";
import type { PinVerifier } from "./pin-verifier.ts";

/** Room for the frame around the largest box. */
export const FRAME_BYTES_MAX = PIN_BOX_BYTES_MAX + 1_024;

/** Boxes of one stream that may be worked on at the same time; then it is not read. */
const BOXES_MAX = 16;

/**
 * cardlane.pin.v1.PinService. Translate is reserved: it is not there, so it answers UNIMPLEMENTED.
 */
export function verifyService(
  keys: PinKeys,
  verifier: Pick<PinVerifier, "verify">,
  around: ProcessorSurroundings,
): MeshService {
  const methods: MethodsOf<typeof PinService> = {
    verify: (stream) => new VerifyStream(stream, keys, verifier, around),
  };
  return service(PinService, methods, { verify: FRAME_BYTES_MAX });
}

class VerifyStream {
  readonly #keys: PinKeys;
  readonly #verifier: Pick<PinVerifier, "verify">;
  readonly #around: ProcessorSurroundings;
  readonly #live: LiveStream<VerifyResponse, VerifyRequest>;
  readonly #owed: OwedAnswers;

  constructor(
    stream: FrameStream<VerifyResponse, VerifyRequest>,
    keys: PinKeys,
    verifier: Pick<PinVerifier, "verify">,
    around: ProcessorSurroundings,
  ) {
    this.#keys = keys;
    this.#verifier = verifier;
    this.#around = around;
    const { speaker, clock, random } = around;
    const schema = VerifyResponseSchema;
    const jitter = jitterFrom(random);
    this.#live = liveStream(stream, { ...speaker, role: "server", schema, clock, jitter });
    this.#owed = new OwedAnswers(() => this.#live.close());
    this.#live.onFrame(({ frame }) => {
      if (frame.case !== "box") {
        throw new PaymentError("MALFORMED_REQUEST", "a frame must carry box");
      }
      void this.#take(frame.value);
    });
    this.#live.onClose(() => this.#owed.closeWhenPaid());
  }

  async #take(box: PinBox): Promise<void> {
    const work = this.#owed.during(() => this.#answer(box));
    if (this.#owed.count >= BOXES_MAX) this.#live.pause();
    await work;
    // Boxes of one statement end together: by now there may be room for more than one.
    if (this.#owed.count < BOXES_MAX) this.#live.resume();
  }

  async #answer(box: PinBox): Promise<void> {
    let opened: OpenedBox;
    try {
      opened = openVerifications(box, this.#keys);
    } catch (error) {
      const reason = error instanceof SealedDataRejected ? error.reasonForSecurityLog() : undefined;
      const message = "a box of PINs could not be opened";
      this.#around.log.security("sealed_data_rejected", message, { reason });
      const value = { number: box.number, fault: faultOf(error) };
      this.#send({ case: "boxRefused", value });
      return;
    }
    const { verifications, payload } = opened;
    const verdicts = await Promise.all(verifications.map((one) => this.#verdict(one)));
    payload.fill(0);
    this.#send({ case: "verdicts", value: { verdicts } });
  }

  async #verdict(verification: PinVerification): Promise<PinVerdict> {
    const { telemetry, log } = this.#around;
    const { requestNumber, traceparent } = verification;
    const span = telemetry.spanOf(traceparent, "pin.verify", "server");
    try {
      const { verdict, triesLeft } = await this.#verifier.verify(verification, span);
      span.end();
      return create(PinVerdictSchema, { requestNumber, verdict: Verdict[verdict], triesLeft });
    } catch (error) {
      log.failure("a PIN could not be verified", error, { traceparent });
      span.end(error instanceof PaymentError ? error.code : "INTERNAL");
      return create(PinVerdictSchema, { requestNumber, verdict: Verdict.UNAVAILABLE });
    }
  }

  #send(frame: NonNullable<MessageInitShape<typeof VerifyResponseSchema>["frame"]>): void {
    this.#live.send(create(VerifyResponseSchema, { frame }));
  }
}

interface OpenedBox {
  readonly verifications: readonly PinVerification[];
  /** What the verifications are views of, card numbers among it. To be wiped after them. */
  readonly payload: Uint8Array;
}

/** @throws PaymentError KEY_NOT_VALID, SEALED_DATA_REJECTED or MALFORMED_REQUEST. */
function openVerifications(box: PinBox, keys: PinKeys): OpenedBox {
  if (!equalBytes(box.pinServiceKeyId, keys.hop.keyId)) {
    throw new PaymentError("KEY_NOT_VALID", "pin_service_key_id is not known");
  }
  if (box.sealed.length > PIN_BOX_BYTES_MAX) throw malformed(`at most ${PIN_BOX_BYTES_MAX} bytes`);
  const { sharedKeys } = keys.hop;
  const payload = openHopBox({
    sharedKeys,
    peerPublicKey: keys.processorHop,
    direction: "request",
    relayId: PIN_HOP_ID,
    box: box.sealed,
  });
  const { verifications } = decode(payload);
  const { length } = verifications;
  if (length < 1 || length > PIN_VERIFICATIONS_MAX) {
    throw malformed(`1 to ${PIN_VERIFICATIONS_MAX} verifications, got ${length}`);
  }
  return { verifications, payload };
}

function decode(payload: Uint8Array): PinVerifications {
  try {
    return fromBinary(PinVerificationsSchema, payload);
  } catch {
    throw malformed("PinVerifications");
  }
}

function malformed(expected: string): PaymentError {
  return new PaymentError("MALFORMED_REQUEST", `box must hold ${expected}`, { field: "box" });
}
