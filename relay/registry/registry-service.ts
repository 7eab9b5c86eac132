import {
  DeviceState,
  type ReaderRegistration,
  RelayRegistryService,
  type TerminalContact,
  type TerminalRegistration,
} from "../../gen/cardlane/relay/v1/relay_pb.ts";
import type { Clock } from "../../mesh/clock.ts";
import { type MeshService, type MethodsOf, service } from "../../mesh/service.ts";
import { PaymentError } from "../../payment/errors.ts";
import { parseMerchantId, parseTerminalId } from "../../payment/identifiers.ts";
import { parseCurrency } from "../../payment/money.ts";
import { type Contact, parseContact } from "./contact.ts";
import type { ContactStore, TerminalWithContact } from "./contact-store.ts";
import type { Registry } from "./registry.ts";
import type { ReaderToRegister, RegistryStore, TerminalToRegister } from "./registry-store.ts";

const DEVICES_MAX = 1_000;
const CURRENCIES_MAX = 32;

/** A registration of a thousand devices. */
const REGISTRATION_BYTES_MAX = 1_048_576;

/** Whom the relay serves, for operators. A registration replaces the one before it. */
export function registryService(
  registry: Registry,
  store: RegistryStore,
  contacts: ContactStore,
  clock: Clock,
): MeshService {
  const methods: MethodsOf<typeof RelayRegistryService> = {
    async registerReaders(request) {
      requireCount("readers", request.readers.length, DEVICES_MAX);
      const readers = request.readers.map((reader) => parseReader(reader, registry));
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
      const terminals = request.terminals.map((terminal) => parseTerminal(terminal, registry));
      requireDistinct(
        "terminals",
        terminals.map(({ terminalId }) => terminalId),
      );
      const given = contactsOf(request.terminals, terminals);
      await store.registerTerminals(terminals, clock.nowMs());
      if (given.length > 0) await contacts.set(given);
      registry.forget();
      return { registered: terminals.length };
    },
    async setTerminalContact(request) {
      const terminalId = parseTerminalId(request.terminalId);
      const contact = parseContact(required(request.contact, "contact"), "contact.");
      const written = await contacts.set([{ terminalId, contact }]);
      if (!written.has(terminalId)) {
        throw new PaymentError("TERMINAL_UNKNOWN", `terminal ${terminalId} is not registered here`);
      }
      return { contact: { ...contact } };
    },
    async listReaders() {
      return { readers: [...(await store.listReaders())] };
    },
    async listTerminals() {
      const terminals = await store.listTerminals();
      const known = await contacts.all();
      return { terminals: terminals.map((one) => ({ ...one, ...contactIn(known, one) })) };
    },
  };
  return service(RelayRegistryService, methods, {
    registerReaders: REGISTRATION_BYTES_MAX,
    registerTerminals: REGISTRATION_BYTES_MAX,
  });
}

function parseReader(reader: ReaderRegistration, registry: Registry): ReaderToRegister {
  const { certificate: envelope } = reader;
  const checked = registry.verifyReader(envelope);
  return {
    serial: checked.serial,
    merchantId: parseMerchantId(reader.merchantId, "readers.merchant_id"),
    state: parseDeviceState(reader.state, "readers.state"),
    certificate: required(envelope, "readers.certificate"),
    checked,
  };
}

function parseTerminal(terminal: TerminalRegistration, registry: Registry): TerminalToRegister {
  const { certificate: envelope, currencies } = terminal;
  const checked = registry.verifyTerminal(envelope);
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

/** Those that the request names; the others keep what they have. */
function contactsOf(
  given: readonly TerminalRegistration[],
  terminals: readonly TerminalToRegister[],
): TerminalWithContact[] {
  return terminals.flatMap(({ terminalId }, index) => {
    const wire = given[index]?.contact;
    if (wire === undefined) return [];
    const contact: Contact = parseContact(wire, "terminals.contact.");
    return [{ terminalId, contact }];
  });
}

function contactIn(
  known: ReadonlyMap<string, TerminalContact>,
  { terminalId }: { readonly terminalId: string },
): { contact?: TerminalContact } {
  const contact = known.get(terminalId);
  return contact === undefined ? {} : { contact };
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
