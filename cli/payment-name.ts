import { fromBinary, type MessageInitShape } from "@bufbuild/protobuf";
import type { MeshDirectory } from "../dev-mesh/mesh-directory.ts";
import { TerminalCertificateSchema } from "../gen/cardlane/keys/v1/keys_pb.ts";
import type { GetPaymentRequestSchema } from "../gen/cardlane/relay/v1/relay_pb.ts";
import { PaymentError } from "../payment/errors.ts";
import { type PaymentId, parsePaymentId } from "../payment/identifiers.ts";
import { parseRecordNumber, type RecordNumber } from "../payment/record-number.ts";
import { KeyFolder } from "../sealing/keys/key-files.ts";
import { CommandError } from "./command-end.ts";

export type PaymentName =
  | { readonly case: "recordNumber"; readonly value: RecordNumber }
  | { readonly case: "paymentId"; readonly value: PaymentId };

/** A payment id is written with hyphens in five groups; everything else is a record number. */
const LIKE_UUID = /^[0-9a-f]+(?:-[0-9a-f]+){4}$/i;

/**
 * What a person types to name a payment: `A17K-2M9Q-X4TM` in any spelling, or a UUID.
 *
 * @throws CommandError saying what was expected.
 */
export function parsePaymentName(text: string): PaymentName {
  try {
    return LIKE_UUID.test(text)
      ? { case: "paymentId", value: parsePaymentId(text, "payment id") }
      : { case: "recordNumber", value: parseRecordNumber(text, "record number") };
  } catch (error) {
    if (!(error instanceof PaymentError)) throw error;
    throw new CommandError("USAGE", error.message);
  }
}

/** A payment id is unique within one merchant: here that of the mesh's own terminal. */
export function getPaymentRequest(
  key: PaymentName,
  directory: MeshDirectory,
): MessageInitShape<typeof GetPaymentRequestSchema> {
  return key.case === "recordNumber" ? { key } : { key, merchantId: merchantIdIn(directory) };
}

function merchantIdIn(directory: MeshDirectory): string {
  const { payload } = new KeyFolder(directory.keysOf("terminal")).readCertificate();
  return fromBinary(TerminalCertificateSchema, payload).merchantId;
}
