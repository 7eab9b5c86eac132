import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import {
  Certainty,
  NextStep,
  SignedPaymentSchema,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import {
  CompletedSchema,
  RefusedSchema,
  type TransactResponse,
} from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { systemClock as clock } from "../../mesh/clock.ts";
import { loadIdentity } from "../../mesh/identity/identity.ts";
import { silentLog } from "../../mesh/log.ts";
import type { LoadSetup } from "./load-messages.ts";
import type { ReadyPayment } from "./reader-payments.ts";
import { type Authorize, callUnary } from "./unary-method.ts";

/** The tills as callers of the naive design, one call per payment. */
export class UnaryCalls {
  readonly #byTill: readonly Authorize[];
  readonly #onFrame: (frame: TransactResponse["frame"]) => void;

  private constructor(
    byTill: readonly Authorize[],
    onFrame: (frame: TransactResponse["frame"]) => void,
  ) {
    this.#byTill = byTill;
    this.#onFrame = onFrame;
  }

  static async open(
    setup: LoadSetup,
    onFrame: (frame: TransactResponse["frame"]) => void,
  ): Promise<UnaryCalls> {
    const [address = ""] = setup.relayAddresses;
    const { tlsDirectory } = setup;
    if (tlsDirectory === undefined) throw new Error("bug: the naive design has TLS always");
    const byTill = setup.tills.map(async ({ tlsHolder }) => {
      const directory = join(tlsDirectory, tlsHolder);
      const identity = await loadIdentity(directory, { clock, log: silentLog });
      identity[Symbol.dispose]();
      return callUnary(identity.pem, address);
    });
    return new UnaryCalls(await Promise.all(byTill), onFrame);
  }

  submit({ till, paymentId, readerPayment, signature }: ReadyPayment): boolean {
    const authorize = this.#byTill[till];
    if (authorize === undefined) throw new Error(`bug: no till ${till}`);
    const fate = { certainty: Certainty.FINAL, nextStep: NextStep.NONE };
    authorize(create(SignedPaymentSchema, { readerPayment, signature })).then(
      () => {
        const value = create(CompletedSchema, { paymentId, ...fate });
        this.#onFrame({ case: "completed", value });
      },
      ({ message }: Error) => {
        const fault = { code: message.split("\n", 1)[0]?.slice(0, 80) ?? "" };
        this.#onFrame({ case: "refused", value: create(RefusedSchema, { paymentId, fault }) });
      },
    );
    return true;
  }
}
