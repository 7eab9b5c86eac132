import { fromBinary } from "@bufbuild/protobuf";
import { SignedEnvelopeSchema } from "../../gen/cardlane/keys/v1/keys_pb.ts";
import type { SignedPayment } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { Curves, Verifier } from "../../sealing/curves/curves.ts";
import { verifyReaderCertificate } from "../../sealing/keys/certificates.ts";
import { verify } from "../../sealing/keys/dsse.ts";
import type { TrustedRoots } from "../../sealing/keys/trusted-roots.ts";

/** Checks reader signatures. Whoever writes this keeps the keys, so that much is not naive. */
export class ReaderSignatures {
  readonly #curves: Curves;
  readonly #roots: TrustedRoots;
  readonly #nowMs: () => number;
  readonly #verifiers = new Map<string, Verifier>();

  constructor(options: {
    readonly curves: Curves;
    readonly roots: TrustedRoots;
    readonly nowMs: () => number;
  }) {
    this.#curves = options.curves;
    this.#roots = options.roots;
    this.#nowMs = options.nowMs;
  }

  /** @param certificate SignedEnvelope, as it is in the registry. @throws Error */
  require({ readerPayment: body, signature }: SignedPayment, certificate: Uint8Array): void {
    const verifier = this.#verifierOf(certificate);
    if (!verify({ type: "reader-payment", body, signature, verifier })) {
      throw new Error("reader signature rejected");
    }
  }

  #verifierOf(certificate: Uint8Array): Verifier {
    const key = Buffer.from(certificate).toString("latin1");
    const known = this.#verifiers.get(key);
    if (known !== undefined) return known;
    const envelope = fromBinary(SignedEnvelopeSchema, certificate);
    const [curves, roots, nowMs] = [this.#curves, this.#roots, this.#nowMs()];
    const { signing } = verifyReaderCertificate({ curves, roots, envelope, nowMs });
    this.#verifiers.set(key, signing);
    return signing;
  }
}
