import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { type PinVerification, PinVerificationSchema } from "../../gen/cardlane/pin/v1/pin_pb.ts";
import type { Pan } from "../../payment/card.ts";
import { concatBytes } from "../../sealing/bytes.ts";

type Numbered = Pick<PinVerification, "requestNumber" | "context" | "pinBox">;
type Described = Pick<PinVerification, "digest" | "dukptInitialKeyId" | "traceparent">;

/** A PinVerification whose card number is no string yet. */
export type UnsentVerification = Numbered & Described & { readonly pan: Pan };

const PAN_FIELD = PinVerificationSchema.field.pan.number;
const VERIFICATIONS_FIELD = 1;

/**
 * The bytes of PinVerifications; the caller wipes them. protobuf's own encoder puts each message
 * together in buffers that nobody can wipe: here the card numbers stand in the result alone.
 */
export function verificationsBytes(verifications: readonly UnsentVerification[]): Uint8Array {
  const pans = verifications.map(({ pan }) =>
    Uint8Array.from(pan.revealPan(), (digit) => digit.charCodeAt(0)),
  );
  const parts = verifications.flatMap((verification, index) => {
    const pan = pans[index] ?? new Uint8Array();
    // In the order of field numbers, which is that of the encoder.
    const fields = [
      numbered(verification),
      head(PAN_FIELD, pan.length),
      pan,
      described(verification),
    ];
    const length = fields.reduce((sum, field) => sum + field.length, 0);
    return [head(VERIFICATIONS_FIELD, length), ...fields];
  });
  const bytes = concatBytes(...parts);
  for (const pan of pans) pan.fill(0);
  return bytes;
}

function numbered({ requestNumber, context, pinBox }: Numbered): Uint8Array {
  return toBinary(
    PinVerificationSchema,
    create(PinVerificationSchema, { requestNumber, context, pinBox }),
  );
}

function described({ digest, dukptInitialKeyId, traceparent }: Described): Uint8Array {
  return toBinary(
    PinVerificationSchema,
    create(PinVerificationSchema, { digest, dukptInitialKeyId, traceparent }),
  );
}

/** What stands before `length` bytes of a field. */
function head(field: number, length: number): Uint8Array {
  return new BinaryWriter().tag(field, WireType.LengthDelimited).uint32(length).finish();
}
