import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import { PaymentError } from "../errors.ts";
import { isCanonical } from "./canonical-wire.ts";

/** No signed message nests deeper. */
const RECURSION_MAX = 8;

/**
 * Decodes a message that is signed or hashed as bytes: only the one canonical serialisation is
 * accepted. Duplicate and unknown fields and padded varints, which parsers read differently, are
 * refused: the bytes must be those that encoding the message would give.
 *
 * @throws PaymentError MALFORMED_REQUEST.
 */
export function strictDecode<Desc extends DescMessage>(
  schema: Desc,
  bytes: Uint8Array,
  field: string,
): MessageShape<Desc> {
  let message: MessageShape<Desc>;
  try {
    message = fromBinary(schema, bytes, {
      readUnknownFields: false,
      recursionLimit: RECURSION_MAX,
    });
  } catch (cause) {
    throw malformed(field, schema.typeName, cause);
  }
  if (!isCanonical(schema, bytes)) throw malformed(field, schema.typeName);
  return message;
}

function malformed(field: string, typeName: string, cause?: unknown): PaymentError {
  return new PaymentError(
    "MALFORMED_REQUEST",
    `${field} must be one ${typeName} in canonical serialisation`,
    { field, cause },
  );
}
