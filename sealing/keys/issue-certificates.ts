import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  type DelegatedManifest,
  DelegatedManifestSchema,
  KeyManifestSchema,
  ManifestDelegationSchema,
  ReaderCertificateSchema,
  RelayCertificateSchema,
  type SignedEnvelope,
  SignedEnvelopeSchema,
  TerminalCertificateSchema,
} from "../../gen/cardlane/keys/v1/keys_pb.ts";
import { requireMerchantFacts } from "../../payment/merchant-facts.ts";
import type { Signer } from "../curves/curves.ts";
import { type PayloadType, signEnvelope } from "./dsse.ts";

/** The keys of one root that sign together: two of three. */
type RootSigners = readonly Signer[];

export function issueReaderCertificate(
  certificate: MessageInitShape<typeof ReaderCertificateSchema>,
  vendorRoot: RootSigners,
): SignedEnvelope {
  const body = create(ReaderCertificateSchema, certificate);
  return issue("reader-certificate", toBinary(ReaderCertificateSchema, body), vendorRoot);
}

/** @throws PaymentError MALFORMED_REQUEST for a merchant whom no receipt could name. */
export function issueTerminalCertificate(
  certificate: MessageInitShape<typeof TerminalCertificateSchema>,
  acquirerRoot: RootSigners,
): SignedEnvelope {
  const body = create(TerminalCertificateSchema, certificate);
  requireMerchantFacts(body);
  return issue("terminal-certificate", toBinary(TerminalCertificateSchema, body), acquirerRoot);
}

export function issueRelayCertificate(
  certificate: MessageInitShape<typeof RelayCertificateSchema>,
  acquirerRoot: RootSigners,
): SignedEnvelope {
  const body = create(RelayCertificateSchema, certificate);
  return issue("relay-certificate", toBinary(RelayCertificateSchema, body), acquirerRoot);
}

export function issueManifestDelegation(
  delegation: MessageInitShape<typeof ManifestDelegationSchema>,
  processorRoot: RootSigners,
): SignedEnvelope {
  const body = create(ManifestDelegationSchema, delegation);
  return issue("manifest-delegation", toBinary(ManifestDelegationSchema, body), processorRoot);
}

/** Signs a manifest with the delegated signer and puts the delegation beside it. */
export function issueManifest(
  manifest: MessageInitShape<typeof KeyManifestSchema>,
  signer: Signer,
  delegation: SignedEnvelope,
): DelegatedManifest {
  const payload = toBinary(KeyManifestSchema, create(KeyManifestSchema, manifest));
  return create(DelegatedManifestSchema, {
    delegation,
    manifest: issue("manifest", payload, [signer]),
  });
}

function issue(type: PayloadType, payload: Uint8Array, signers: readonly Signer[]): SignedEnvelope {
  const { signatures } = signEnvelope(type, payload, signers);
  return create(SignedEnvelopeSchema, { payload, signatures: [...signatures] });
}
