import {
  DeviceState,
  type ReaderRegistration,
  RelayRegistryService,
  type TerminalContact,
  type TerminalRegistration,
} from "../../gen/cardlane/relay/v1/relay_pb.ts";
import type { Clock } from "../../mesh/clock.ts";
import { type MeshService, type MethodsOf, service } from "../../mesh/service.ts";
import { nextState, parseAskedState, parseDeviceState } from "../../payment/device-state.ts";
import { PaymentError } from "../../payment/errors.ts";
import {
  type MerchantId,
  parseMerchantId,
  parseReaderSerial,
  parseTerminalId,
  type TerminalId,
  type TerminalKey,
  terminalName,
} from "../../payment/identifiers.ts";
import { parseCurrency } from "../../payment/money.ts";
import { type Contact, parseContact } from "./contact.ts";
import type { ContactStore, TerminalWithContact } from "./contact-store.ts";
import type { Registry } from "./registry.ts";
import type { ReaderToRegister, RegistryStore, TerminalToRegister } from "./registry-store.ts";

const DEVICES_MAX = 1_000;
const CURRENCIES_MAX = 32;

/** Devices of one answer, which a client takes up to 4 MiB of: a row has up to 500 bytes. */
const PAGE_DEVICES = 2_000;

/** A registration of a thousand devices. */
const REGISTRATION_BYTES_MAX = 1_048_576;

/**
 * Whom the relay serves, for operators. A registration replaces the one before it; it is done as a
 * whole or not at all.
 */
export function registryService(
  registry: Registry,
  store: RegistryStore,
  contacts: ContactStore,
  clock: Clock,
): MeshService {
  const methods = {
    ...readerMethods(registry, store, clock),
    ...terminalMethods(registry, store, contacts, clock),
  };
  return service(RelayRegistryService, methods, {
    registerReaders: REGISTRATION_BYTES_MAX,
    registerTerminals: REGISTRATION_BYTES_MAX,
  });
}

type Methods = MethodsOf<typeof RelayRegistryService>;
type ReaderMethod = "registerReaders" | "setReaderState" | "listReaders";

function readerMethods(
  registry: Registry,
  store: RegistryStore,
  clock: Clock,
): Pick<Methods, ReaderMethod> {
  return {
    async registerReaders(request) {
      requireCount("readers", request.readers.length, DEVICES_MAX);
      const readers = request.readers.map((reader) => parseReader(reader, registry));
      const serials = readers.map(({ serial }) => serial);
      requireDistinct("readers", serials);
      const known = new Map(
        (await store.findReaders(serials)).map(({ serial, state }) => [serial, state]),
      );
      const states = readers.map(({ serial, state }) =>
        nextState(`reader ${serial}`, known.get(serial), state),
      );
      if (!request.validateOnly) {
        await store.registerReaders(readers, clock.nowMs());
        registry.forget();
      }
      return { registered: readers.length, states: states.map((state) => DeviceState[state]) };
    },
    async setReaderState(request) {
      const serial = parseReaderSerial(request.serial, "serial");
      const state = parseDeviceState(request.state, "state");
      if (!(await store.setReaderState(serial, state))) {
        throw new PaymentError("READER_UNKNOWN", `reader ${serial} is not registered here`);
      }
      registry.forget();
      return {};
    },
    async listReaders({ pageToken }) {
      const after = pageToken === "" ? "" : parseReaderSerial(pageToken, "page_token");
      const found = await store.listReaders(after, PAGE_DEVICES + 1);
      const readers = found.slice(0, PAGE_DEVICES);
      const isMore = found.length > PAGE_DEVICES;
      return { readers, nextPageToken: isMore ? (readers.at(-1)?.serial ?? "") : "" };
    },
  };
}

function terminalMethods(
  registry: Registry,
  store: RegistryStore,
  contacts: ContactStore,
  clock: Clock,
): Omit<Methods, ReaderMethod> {
  return {
    async registerTerminals(request) {
      requireCount("terminals", request.terminals.length, DEVICES_MAX);
      const terminals = request.terminals.map((terminal) => parseTerminal(terminal, registry));
      const names = terminals.map(terminalName);
      requireDistinct("terminals", names);
      const given = contactsOf(request.terminals, terminals);
      const known = new Map(
        (await store.findTerminals(names)).map((row) => [terminalName(row), row.state]),
      );
      const states = terminals.map((terminal) => {
        const name = terminalName(terminal);
        return nextState(`terminal ${name}`, known.get(name), terminal.state);
      });
      if (!request.validateOnly) {
        await store.registerTerminals(terminals, clock.nowMs());
        if (given.length > 0) await contacts.set(given);
        registry.forget();
      }
      return { registered: terminals.length, states: states.map((state) => DeviceState[state]) };
    },
    async setTerminalState({ merchantId, terminalId, state: asked }) {
      const key = {
        merchantId: parseMerchantId(merchantId),
        terminalId: parseTerminalId(terminalId),
      };
      const state = parseDeviceState(asked, "state");
      if (!(await store.setTerminalState(key, state))) throw notRegistered(terminalName(key));
      registry.forget();
      return {};
    },
    async setTerminalContact(request) {
      const terminalId = parseTerminalId(request.terminalId);
      const merchantId =
        request.merchantId === ""
          ? await onlyMerchantOf(terminalId, store)
          : parseMerchantId(request.merchantId);
      const contact = parseContact(required(request.contact, "contact"), "contact.");
      const name = terminalName({ merchantId, terminalId });
      const written = await contacts.set([{ merchantId, terminalId, contact }]);
      if (!written.has(name)) throw notRegistered(name);
      return { contact: { ...contact } };
    },
    async listTerminals({ pageToken }) {
      const found = await store.listTerminals(terminalAfter(pageToken), PAGE_DEVICES + 1);
      const terminals = found.slice(0, PAGE_DEVICES);
      const last = found.length > PAGE_DEVICES ? terminals.at(-1) : undefined;
      const known = await contacts.all();
      return {
        terminals: terminals.map((one) => ({ ...one, ...contactIn(known, one) })),
        nextPageToken: last === undefined ? "" : terminalName(last),
      };
    },
  };
}

/** @throws PaymentError MALFORMED_REQUEST for a token that no answer had. */
function terminalAfter(pageToken: string): TerminalKey | undefined {
  if (pageToken === "") return undefined;
  const [merchantId = "", terminalId = ""] = pageToken.split("/");
  return {
    merchantId: parseMerchantId(merchantId, "page_token"),
    terminalId: parseTerminalId(terminalId, "page_token"),
  };
}

function notRegistered(terminal: string): PaymentError {
  return new PaymentError("TERMINAL_UNKNOWN", `terminal ${terminal} is not registered here`);
}

function parseReader(reader: ReaderRegistration, registry: Registry): ReaderToRegister {
  const { certificate: envelope } = reader;
  const checked = registry.verifyReader(envelope);
  return {
    serial: checked.serial,
    merchantId: parseMerchantId(reader.merchantId, "readers.merchant_id"),
    state: parseAskedState(reader.state, "readers.state"),
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
    state: parseAskedState(terminal.state, "terminals.state"),
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
  return terminals.flatMap(({ merchantId, terminalId }, index) => {
    const wire = given[index]?.contact;
    if (wire === undefined) return [];
    const contact: Contact = parseContact(wire, "terminals.contact.");
    return [{ merchantId, terminalId, contact }];
  });
}

/** @throws PaymentError TERMINAL_UNKNOWN; MALFORMED_REQUEST when there are several. */
async function onlyMerchantOf(terminalId: TerminalId, store: RegistryStore): Promise<MerchantId> {
  const [merchantId, ...others] = await store.merchantsOf(terminalId);
  if (merchantId === undefined) throw notRegistered(terminalId);
  if (others.length === 0) return merchantId;
  throw malformed("merchant_id", `is required: ${others.length + 1} merchants have ${terminalId}`);
}

function contactIn(
  known: ReadonlyMap<string, TerminalContact>,
  terminal: Readonly<Record<keyof TerminalKey, string>>,
): { contact?: TerminalContact } {
  const contact = known.get(terminalName(terminal));
  return contact === undefined ? {} : { contact };
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
