import { PaymentError } from "../../payment/errors.ts";
import type { Verifier } from "../../sealing/curves/curves.ts";
import { PAYLOAD_TYPES, type PayloadType, sign, verify } from "../../sealing/keys/dsse.ts";
import {
  bytes,
  curves,
  flipped,
  hex,
  KEYS,
  repeated,
  text,
  type Vector,
  type VectorFile,
} from "./vector.ts";

const body = repeated(0x41, 20);
const signature = sign("reader-payment", body, KEYS.readerSigning);
const good = {
  type: "reader-payment",
  public_key: hex(KEYS.readerSigning.publicKey),
  body: hex(body),
  signature: hex(signature),
};

/** The order of Ed25519's group (RFC 8032, 5.1), little-endian. */
const GROUP_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

/** S + L: the same signature to whoever does not check that S is below the order. */
function malleated(): Uint8Array {
  const s = BigInt(`0x${hex(signature.slice(32).reverse())}`) + GROUP_ORDER;
  const changed = Buffer.from(s.toString(16).padStart(64, "0"), "hex").reverse();
  return Uint8Array.of(...signature.slice(0, 32), ...changed);
}

const refused = (name: string, why: string, change: Partial<typeof good>): Vector => ({
  name,
  why,
  given: { ...good, ...change },
  expect: "SIGNATURE_REJECTED",
});

/** Did the holder of this key sign these bytes for this purpose? */
export const signatures: VectorFile = {
  name: "signatures",
  about:
    "SIGN(type, body) of docs/protocol/bytes.md: Ed25519 over the DSSE v1 pre-authentication " +
    "encoding with the type application/vnd.cardlane.<type>.v1+protobuf. More verdicts on " +
    "Ed25519 itself are in ed25519-verdicts.json.",
  vectors: [
    { name: "good", why: "the key signed body and type", given: good, expect: "accepted" },
    {
      name: "an empty body",
      why: "nothing can be signed, too",
      given: {
        ...good,
        body: "",
        signature: hex(sign("reader-payment", new Uint8Array(), KEYS.readerSigning)),
      },
      expect: "accepted",
    },
    refused("another type", "the type is part of what is signed", { type: "result" }),
    refused("another body", "one bit of it was changed", { body: hex(flipped(body, 3)) }),
    refused("another key", "the key did not sign it", { public_key: hex(KEYS.result.publicKey) }),
    refused("R changed", "one bit of R", { signature: hex(flipped(signature, 0)) }),
    refused("S changed", "one bit of S", { signature: hex(flipped(signature, 32)) }),
    refused("S above the order", "S + L would be a second signature of the same bytes", {
      signature: hex(malleated()),
    }),
    refused("one byte short", "a signature has 64 bytes", {
      signature: hex(signature.subarray(0, 63)),
    }),
    refused("a key of small order", "it verifies what nobody signed", {
      public_key: hex(Uint8Array.of(1, ...repeated(0, 31))),
    }),
    refused("without the encoding", "the bare body was signed, without type and lengths", {
      signature: hex(KEYS.readerSigning.sign(body)),
    }),
  ],
  judge: (given) => {
    const type = text(given, "type");
    if (!isPayloadType(type)) throw new Error(`bug: no type ${type}`);
    const isGood = verify({
      type,
      body: bytes(given, "body"),
      signature: bytes(given, "signature"),
      verifier: verifierOf(bytes(given, "public_key")),
    });
    if (!isGood) throw new PaymentError("SIGNATURE_REJECTED", "signature rejected");
    return {};
  },
};

function isPayloadType(name: string): name is PayloadType {
  return Object.hasOwn(PAYLOAD_TYPES, name);
}

/** @throws PaymentError SIGNATURE_REJECTED for a key that cannot be used at all. */
function verifierOf(publicKey: Uint8Array): Verifier {
  try {
    return curves.verifier(publicKey);
  } catch (cause) {
    throw new PaymentError("SIGNATURE_REJECTED", "signature rejected", { cause });
  }
}
