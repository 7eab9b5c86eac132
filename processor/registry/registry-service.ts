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
import {
  type DeviceStateName,
  nextState,
  parseAskedState,
  parseDeviceState,
} from "../../payment/device-state.ts";
import { PaymentError } from "../../payment/errors.ts";
import {
  parseMerchantId,
  parseReaderSerial,
  parseRelayId,
  parseTerminalId,
  terminalName,
} from "../../payment/identifiers.ts";
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
  DeviceStates,
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
    async registerRelays({ relays, validateOnly }) {
      requireCount("relays", relays, RELAYS_MAX);
      const rows = relays.map((relay) => relayRow(relay, checkOf(relay.certificate)));
      const names = rows.map(({ relayId }) => relayId);
      const states = statesAfter("relay", names, rows, await store.relayStates(names));
      if (!validateOnly) await store.registerRelays(rows);
      return { registered: rows.length, states };
    },
    async registerTerminals({ terminals, validateOnly }) {
      requireCount("terminals", terminals, DEVICES_MAX);
      const rows = terminals.map((terminal) =>
        terminalRow(terminal, checkOf(terminal.certificate)),
      );
      const names = rows.map(terminalName);
      const states = statesAfter("terminal", names, rows, await store.terminalStates(names));
      if (!validateOnly) await store.registerTerminals(rows);
      return { registered: rows.length, states };
    },
    async registerReaders({ readers, validateOnly }) {
      requireCount("readers", readers, DEVICES_MAX);
      const rows = readers.map((reader) => readerRow(reader, checkOf(reader.certificate)));
      const names = rows.map(({ readerSerial }) => readerSerial);
      const states = statesAfter("reader", names, rows, await store.readerStates(names));
      if (!validateOnly) await store.registerReaders(rows);
      return { registered: rows.length, states };
    },
    async setRelayState({ relayId, state }) {
      const id = parseRelayId(relayId);
      const asked = parseDeviceState(state, "state");
      if (await store.setRelayState(id, asked)) return {};
      throw malformed("relay_id", "one that is registered", id);
    },
    async setReaderState({ serial, state }) {
      const id = parseReaderSerial(serial, "serial");
      const asked = parseDeviceState(state, "state");
      if (await store.setReaderState(id, asked)) return {};
      throw new PaymentError("READER_UNKNOWN", `reader ${id} is not registered here`);
    },
    async setTerminalState({ merchantId, terminalId, state }) {
      const name = terminalName({
        merchantId: parseMerchantId(merchantId),
        terminalId: parseTerminalId(terminalId),
      });
      const asked = parseDeviceState(state, "state");
      if (await store.setTerminalState(name, asked)) return {};
      throw new PaymentError("TERMINAL_UNKNOWN", `terminal ${name} is not registered here`);
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
    state: parseAskedState(state, "relays.state"),
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
    state: parseAskedState(state, "readers.state"),
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
    state: parseAskedState(state, "terminals.state"),
    currencies: currencies.map((currency) => parseCurrency(currency, "currencies")),
    simulateByAmount,
  };
}

/** A certificate that passed verification is there. */
function serialised(certificate: SignedEnvelope | undefined): Uint8Array {
  if (certificate === undefined) throw new Error("bug: a verified certificate is missing");
  return toBinary(SignedEnvelopeSchema, certificate);
}

/**
 * @param names by which `known` has the devices.
 * @throws PaymentError WRONG_STATE for one that is retired; MALFORMED_REQUEST for one named twice.
 */
function statesAfter(
  kind: "relay" | "reader" | "terminal",
  names: readonly string[],
  rows: readonly { readonly state: DeviceStateName | undefined }[],
  known: DeviceStates,
): DeviceState[] {
  if (new Set(names).size < names.length) throw malformed(`${kind}s`, "all different", "two alike");
  return rows.map(({ state }, index) => {
    const name = names[index] ?? "";
    return DeviceState[nextState(`${kind} ${name}`, known.get(name), state)];
  });
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
