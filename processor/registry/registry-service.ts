import { toBinary } from "@bufbuild/protobuf";
import { type SignedEnvelope, SignedEnvelopeSchema } from "../../gen/cardlane/keys/v1/keys_pb.ts";
import {
  ProcessorRegistryService,
  type RelayRegistration,
  type TerminalRegistration,
} from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { DeviceState, type ReaderRegistration } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import type { Clock } from "../../mesh/clock.ts";
import { type MeshService, type MethodsOf, service } from "../../mesh/service.ts";
import { PaymentError } from "../../payment/errors.ts";
import { parseMerchantId } from "../../payment/identifiers.ts";
import { parseCurrency } from "../../payment/money.ts";
import { keyIdOf } from "../../sealing/curves/hash.ts";
import {
  type CertificateCheck,
  verifyReaderCertificate,
  verifyRelayCertificate,
  verifyTerminalCertificate,
} from "../../sealing/keys/certificates.ts";
import type { OversightStore } from "../oversight/oversight-store.ts";
import type {
  DeviceStateName,
  ReaderRow,
  RegistryStore,
  RelayRow,
  TerminalRow,
} from "./registry-store.ts";

/** As in the contract. */
const RELAYS_MAX = 100;
const DEVICES_MAX = 1_000;
const CURRENCIES_MAX = 32;

/** A registration of a thousand devices. */
const REGISTRATION_BYTES_MAX = 1_048_576;

/** cardlane.processor.v1.ProcessorRegistryService: which devices are served, and the ledger. */
export function registryService(
  store: RegistryStore,
  ledger: OversightStore,
  trust: Pick<CertificateCheck, "curves" | "roots">,
  clock: Clock,
): MeshService {
  const checkOf = (envelope: SignedEnvelope | undefined): CertificateCheck => {
    return { ...trust, envelope, nowMs: clock.nowMs() };
  };
  const methods: MethodsOf<typeof ProcessorRegistryService> = {
    async registerRelays({ relays }) {
      requireCount("relays", relays, RELAYS_MAX);
      const rows = relays.map((relay) => relayRow(relay, checkOf(relay.certificate)));
      return { registered: await store.registerRelays(rows) };
    },
    async registerTerminals({ terminals }) {
      requireCount("terminals", terminals, DEVICES_MAX);
      const rows = terminals.map((terminal) =>
        terminalRow(terminal, checkOf(terminal.certificate)),
      );
      return { registered: await store.registerTerminals(rows) };
    },
    async registerReaders({ readers }) {
      requireCount("readers", readers, DEVICES_MAX);
      const rows = readers.map((reader) => readerRow(reader, checkOf(reader.certificate)));
      return { registered: await store.registerReaders(rows) };
    },
    async getBalance({ merchantId, currency }) {
      return await ledger.balance(parseMerchantId(merchantId), parseCurrency(currency));
    },
  };
  return service(ProcessorRegistryService, methods, {
    registerRelays: REGISTRATION_BYTES_MAX,
    registerTerminals: REGISTRATION_BYTES_MAX,
    registerReaders: REGISTRATION_BYTES_MAX,
  });
}

function relayRow({ certificate, state }: RelayRegistration, check: CertificateCheck): RelayRow {
  const { relayId, hopKey } = verifyRelayCertificate(check);
  return {
    relayId,
    hopKeyId: keyIdOf(hopKey),
    certificate: serialised(certificate),
    state: stateName(state, "relays.state"),
  };
}

function readerRow(registration: ReaderRegistration, check: CertificateCheck): ReaderRow {
  const { certificate, merchantId, state } = registration;
  const { serial, id } = verifyReaderCertificate(check);
  return {
    readerSerial: serial,
    merchantId: parseMerchantId(merchantId),
    certificateId: id,
    certificate: serialised(certificate),
    state: stateName(state, "readers.state"),
  };
}

function terminalRow(registration: TerminalRegistration, check: CertificateCheck): TerminalRow {
  const { certificate, state, currencies, simulateByAmount } = registration;
  const { terminalId, merchantId, id } = verifyTerminalCertificate(check);
  requireCount("currencies", currencies, CURRENCIES_MAX);
  if (simulateByAmount && !check.roots.isDevelopment) {
    throw new PaymentError("NOT_PERMITTED", "simulate_by_amount is for development only");
  }
  return {
    terminalId,
    merchantId,
    certificateId: id,
    certificate: serialised(certificate),
    state: stateName(state, "terminals.state"),
    currencies: currencies.map((currency) => parseCurrency(currency, "currencies")),
    simulateByAmount,
  };
}

/** A certificate that passed verification is there. */
function serialised(certificate: SignedEnvelope | undefined): Uint8Array {
  if (certificate === undefined) throw new Error("bug: a verified certificate is missing");
  return toBinary(SignedEnvelopeSchema, certificate);
}

const STATE_NAMES: Readonly<Record<DeviceState, DeviceStateName | undefined>> = {
  [DeviceState.UNSPECIFIED]: undefined,
  [DeviceState.ACTIVE]: "ACTIVE",
  [DeviceState.SUSPENDED]: "SUSPENDED",
  [DeviceState.RETIRED]: "RETIRED",
};

function stateName(state: DeviceState, field: string): DeviceStateName {
  const name = STATE_NAMES[state];
  if (name === undefined) throw malformed(field, "a known state", String(state));
  return name;
}

function requireCount(field: string, list: readonly unknown[], max: number): void {
  if (list.length < 1 || list.length > max) {
    throw malformed(field, `1 to ${max} entries`, String(list.length));
  }
}

function malformed(field: string, expected: string, got: string): PaymentError {
  return new PaymentError("MALFORMED_REQUEST", `${field} must be ${expected}, got ${got}`, {
    field,
  });
}
