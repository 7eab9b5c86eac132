import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import {
  type ReaderCertificate,
  ReaderCertificateSchema,
  type RelayCertificate,
  RelayCertificateSchema,
  type TerminalCertificate,
  TerminalCertificateSchema,
} from "../../gen/cardlane/keys/v1/keys_pb.ts";
import { PaymentError } from "../../payment/errors.ts";
import {
  type MerchantId,
  parseMerchantId,
  parseReaderSerial,
  parseRelayId,
  parseTerminalId,
  type ReaderSerial,
  type RelayId,
  type TerminalId,
} from "../../payment/identifiers.ts";
import { requireMerchantFacts } from "../../payment/merchant-facts.ts";
import { strictDecode } from "../../payment/wire/strict-decode.ts";
import type { Curves, Verifier } from "../curves/curves.ts";
import { certificateIdOf, sha512 } from "../curves/hash.ts";
import { type Envelope, type PayloadType, verifyThreshold } from "./dsse.ts";
import { ROOT_SIGNATURES_MIN, type TrustedRoots } from "./trusted-roots.ts";

/** What every verified certificate has. */
interface Checked<Wire> {
  /** First 8 bytes of SHA-512 of the payload. */
  readonly id: Uint8Array;
  /** SHA-512 of the payload, 64 bytes: what the two Hellos of stream 1 name. */
  readonly digest: Uint8Array;
  readonly wire: Wire;
}

export interface CheckedReaderCertificate extends Checked<ReaderCertificate> {
  readonly serial: ReaderSerial;
  /** Ed25519 key of the Salt Channel. */
  readonly identity: Verifier;
  /** Ed25519 key that signs payments. */
  readonly signing: Verifier;
}

export interface CheckedTerminalCertificate extends Checked<TerminalCertificate> {
  readonly terminalId: TerminalId;
  readonly merchantId: MerchantId;
  readonly identity: Verifier;
  /** Ed25519 key that signs instructions. */
  readonly signing: Verifier;
}

export interface CheckedRelayCertificate extends Checked<RelayCertificate> {
  readonly relayId: RelayId;
  /** X25519 key of the hop box, 32 bytes. */
  readonly hopKey: Uint8Array;
  /** Ed25519 key that signs reversals. */
  readonly signing: Verifier;
}

export interface CertificateCheck {
  readonly curves: Curves;
  readonly roots: TrustedRoots;
  readonly envelope: Envelope | undefined;
  /** Unix milliseconds at which the certificate must be valid. */
  readonly nowMs: number;
}

/** @throws PaymentError CERTIFICATE_REJECTED whatever is wrong. */
export function verifyReaderCertificate(check: CertificateCheck): CheckedReaderCertificate {
  return rejecting("reader", () => {
    const signed = openCertificate(check, {
      type: "reader-certificate",
      schema: ReaderCertificateSchema,
      trustedKeys: check.roots.vendor,
    });
    return {
      ...signed,
      serial: parseReaderSerial(signed.wire.serial),
      identity: check.curves.verifier(signed.wire.identityKey),
      signing: check.curves.verifier(signed.wire.signingKey),
    };
  });
}

/** @throws PaymentError CERTIFICATE_REJECTED whatever is wrong. */
export function verifyTerminalCertificate(check: CertificateCheck): CheckedTerminalCertificate {
  return rejecting("terminal", () => {
    const signed = openCertificate(check, {
      type: "terminal-certificate",
      schema: TerminalCertificateSchema,
      trustedKeys: check.roots.acquirer,
    });
    requireMerchantFacts(signed.wire);
    return {
      ...signed,
      terminalId: parseTerminalId(signed.wire.terminalId),
      merchantId: parseMerchantId(signed.wire.merchantId),
      identity: check.curves.verifier(signed.wire.identityKey),
      signing: check.curves.verifier(signed.wire.signingKey),
    };
  });
}

/** @throws PaymentError CERTIFICATE_REJECTED whatever is wrong. */
export function verifyRelayCertificate(check: CertificateCheck): CheckedRelayCertificate {
  return rejecting("relay", () => {
    const signed = openCertificate(check, {
      type: "relay-certificate",
      schema: RelayCertificateSchema,
      trustedKeys: check.roots.acquirer,
    });
    if (signed.wire.hopKey.length !== 32) throw new Error("hop key length");
    return {
      ...signed,
      relayId: parseRelayId(signed.wire.relayId),
      hopKey: signed.wire.hopKey,
      signing: check.curves.verifier(signed.wire.signingKey),
    };
  });
}

/** Fields that every certificate message has. */
interface CertificateFields {
  readonly version: number;
  readonly notBeforeMs: bigint;
  readonly notAfterMs: bigint;
  readonly development: boolean;
}

/** Signatures first, then the one canonical serialisation, then dates. */
function openCertificate<Desc extends DescMessage>(
  { roots, envelope, nowMs }: CertificateCheck,
  kind: {
    readonly type: PayloadType;
    readonly schema: Desc;
    readonly trustedKeys: readonly Verifier[];
  },
): Checked<MessageShape<Desc> & CertificateFields> {
  if (envelope === undefined) throw new Error("missing");
  const { type, schema, trustedKeys } = kind;
  if (!verifyThreshold({ type, envelope, trustedKeys, threshold: ROOT_SIGNATURES_MIN })) {
    throw new Error("signatures");
  }
  const wire = strictDecode(schema, envelope.payload, type) as MessageShape<Desc> &
    CertificateFields;
  if (wire.version !== 1) throw new Error("version");
  if (nowMs < wire.notBeforeMs || nowMs > wire.notAfterMs) throw new Error("dates");
  if (wire.development && !roots.isDevelopment) throw new Error("development");
  const digest = sha512(envelope.payload);
  return { id: certificateIdOf(envelope.payload), digest, wire };
}

/** One outward failure for everything; the cause is for the security log alone. */
function rejecting<Certificate>(whose: string, check: () => Certificate): Certificate {
  try {
    return check();
  } catch (cause) {
    throw new PaymentError("CERTIFICATE_REJECTED", `${whose} certificate rejected`, { cause });
  }
}
