import {
  DeviceState,
  type ReaderRegistration,
  RelayRegistryService,
  type TerminalRegistration,
} from "../gen/cardlane/relay/v1/relay_pb.ts";
import type { Clock } from "../mesh/clock.ts";
import { type MeshService, type MethodsOf, service } from "../mesh/service.ts";
import { PaymentError } from "../payment/errors.ts";
import { parseMerchantId } from "../payment/identifiers.ts";
import { parseCurrency } from "../payment/money.ts";
import { verifyReaderCertificate, verifyTerminalCertificate } from "../sealing/certificates.ts";
import type { Curves } from "../sealing/curves.ts";
import type { TrustedRoots } from "../sealing/trusted-roots.ts";
import type { Registry } from "./registry.ts";
import type { ReaderToRegister, RegistryStore, TerminalToRegister } from "./registry-store.ts";

const DEVICES_MAX = 1_000;
const CURRENCIES_MAX = 32;

/** A registration of a thousand devices. */
const REGISTRATION_BYTES_MAX = 1_048_576;

export interface RegistryServiceParts {
  readonly store: RegistryStore;
  readonly registry: Registry;
  readonly curves: Curves;
  readonly roots: TrustedRoots;
  readonly clock: Clock;
}

/** Whom the relay serves, for operators. A registration replaces the one before it. */
export function registryService(parts: RegistryServiceParts): MeshService {
  const { store, registry, clock } = parts;
  const methods: MethodsOf<typeof RelayRegistryService> = {
    async registerReaders(request) {
      requireCount("readers", request.readers.length, DEVICES_MAX);
      const readers = request.readers.map((reader) => parseReader(reader, parts));
      requireDistinct(
        "readers",
        readers.map(({ serial }) => serial),
      );
      await store.registerReaders(readers, clock.nowMs());
      registry.forget();
      return { registered: readers.length };
    },
    async registerTerminals(request) {
      requireCount("terminals", request.terminals.length, DEVICES_MAX);
      const terminals = request.terminals.map((terminal) => parseTerminal(terminal, parts));
      requireDistinct(
        "terminals",
        terminals.map(({ terminalId }) => terminalId),
      );
      await store.registerTerminals(terminals, clock.nowMs());
      registry.forget();
      return { registered: terminals.length };
    },
    async listReaders() {
      return { readers: [...(await store.listReaders())] };
    },
    async listTerminals() {
      return { terminals: [...(await store.listTerminals())] };
    },
  };
  return service(RelayRegistryService, methods, { messageBytesMax: REGISTRATION_BYTES_MAX });
}

function parseReader(reader: ReaderRegistration, parts: RegistryServiceParts): ReaderToRegister {
  const { curves, roots, clock } = parts;
  const { certificate: envelope } = reader;
  const checked = verifyReaderCertificate({ curves, roots, envelope, nowMs: clock.nowMs() });
  return {
    serial: checked.serial,
    merchantId: parseMerchantId(reader.merchantId, "readers.merchant_id"),
    state: parseDeviceState(reader.state, "readers.state"),
    certificate: required(envelope, "readers.certificate"),
    checked,
  };
}

function parseTerminal(
  terminal: TerminalRegistration,
  parts: RegistryServiceParts,
): TerminalToRegister {
  const { curves, roots, clock } = parts;
  const { certificate: envelope, currencies } = terminal;
  const checked = verifyTerminalCertificate({ curves, roots, envelope, nowMs: clock.nowMs() });
  requireCount("terminals.currencies", currencies.length, CURRENCIES_MAX);
  return {
    terminalId: checked.terminalId,
    merchantId: checked.merchantId,
    state: parseDeviceState(terminal.state, "terminals.state"),
    currencies: currencies.map((currency) => parseCurrency(currency, "terminals.currencies")),
    certificate: required(envelope, "terminals.certificate"),
    checked,
  };
}

function parseDeviceState(state: DeviceState, field: string): DeviceState {
  const isKnown = Object.values<number>(DeviceState).includes(state);
  if (!isKnown || state === DeviceState.UNSPECIFIED) {
    throw malformed(field, `must be a known state, got ${state}`);
  }
  return state;
}

function required<Value>(value: Value | undefined, field: string): Value {
  if (value === undefined) throw malformed(field, "is required, got nothing");
  return value;
}

function requireCount(field: string, count: number, max: number): void {
  if (count < 1 || count > max) throw malformed(field, `must be 1 to ${max}, got ${count}`);
}

function requireDistinct(field: string, names: readonly string[]): void {
  const isDistinct = new Set(names).size === names.length;
  if (!isDistinct) throw malformed(field, "must all be different");
}

function malformed(field: string, problem: string): PaymentError {
  return new PaymentError("MALFORMED_REQUEST", `${field} ${problem}`, { field });
}
