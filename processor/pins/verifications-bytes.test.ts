import { create, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { PinVerificationsSchema } from "../../gen/cardlane/pin/v1/pin_pb.ts";
import { Pan } from "../../payment/card.ts";
import { type UnsentVerification, verificationsBytes } from "./verifications-bytes.ts";

const bytes = (length: number) => new Uint8Array(length).fill(length);
const verification = (requestNumber: bigint, number: string): UnsentVerification => ({
  requestNumber,
  context: bytes(300),
  pinBox: bytes(170),
  pan: Pan.parse(number),
  digest: bytes(64),
  dukptInitialKeyId: bytes(8),
  traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
});

test.each([
  { name: "none", verifications: [] },
  { name: "one", verifications: [verification(1n, "4242424242424242")] },
  {
    name: "several, of other lengths",
    verifications: [
      verification(2n ** 63n, "4242424242424242"),
      { ...verification(2n, "378282246310005"), traceparent: "" },
      { ...verification(0n, "6304000000000000"), context: bytes(0), pinBox: bytes(20_000) },
    ],
  },
])("$name, the bytes are those of protobuf's own encoder", ({ verifications }) => {
  const messages = verifications.map((one) => ({ ...one, pan: one.pan.revealPan() }));
  const encoded = toBinary(
    PinVerificationsSchema,
    create(PinVerificationsSchema, { verifications: messages }),
  );
  expect(verificationsBytes(verifications)).toEqual(encoded);
});
