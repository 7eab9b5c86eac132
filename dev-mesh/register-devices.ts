import { SignedEnvelopeSchema } from "../gen/cardlane/keys/v1/keys_pb.ts";
import { currencyFromLetters } from "../payment/money.ts";
import { KeyFolder } from "../sealing/keys/key-files.ts";
import type { MeshClients } from "./clients.ts";
import { DEVELOPMENT_MESH } from "./development-keys.ts";
import { allTerminals } from "./device-lists.ts";
import type { MeshDirectory } from "./mesh-directory.ts";

/** What the development merchant may charge in. */
const CURRENCIES = ["EUR", "USD", "GBP", "CHF", "SEK", "PLN", "JPY", "KWD"];

/** Both lead into the inbox; the number is one of those that are nobody's. */
const CONTACT = {
  phone: "+12025550123",
  email: "till@shop.example",
  language: "en-GB",
  timeZone: "UTC",
};

/**
 * Makes relay, terminal and reader known to the processor. Doing it again changes nothing: without
 * a state in the registration, what an operator has suspended stays so.
 */
export async function registerAtProcessor(
  clients: MeshClients,
  directory: MeshDirectory,
): Promise<void> {
  const { processorRegistry } = clients;
  const relay = { certificate: certificateOf(directory, "relay") };
  await processorRegistry.registerRelays({ relays: [relay] });
  const certificate = certificateOf(directory, "terminal");
  const terminal = { certificate, currencies: currencies() };
  await processorRegistry.registerTerminals({ terminals: [terminal] });
  await processorRegistry.registerReaders({ readers: [readerOf(directory)] });
}

/** Makes terminal and reader known to the relay. Doing it again changes nothing. */
export async function registerAtRelay(
  clients: MeshClients,
  directory: MeshDirectory,
): Promise<void> {
  const { relayRegistry } = clients;
  const certificate = certificateOf(directory, "terminal");
  const terminal = { certificate, currencies: currencies() };
  const terminals = await allTerminals(relayRegistry);
  // A person may have set another one since.
  const { merchantId, terminalId } = DEVELOPMENT_MESH;
  const isNew = terminals.every(
    (one) => one.merchantId !== merchantId || one.terminalId !== terminalId,
  );
  await relayRegistry.registerTerminals({
    terminals: [isNew ? { ...terminal, contact: CONTACT } : terminal],
  });
  await relayRegistry.registerReaders({ readers: [readerOf(directory)] });
}

function readerOf(directory: MeshDirectory) {
  const certificate = certificateOf(directory, "reader");
  return { certificate, merchantId: DEVELOPMENT_MESH.merchantId };
}

function certificateOf(directory: MeshDirectory, program: "reader" | "relay" | "terminal") {
  const folder = new KeyFolder(directory.keysOf(program));
  return folder.readMessage(SignedEnvelopeSchema, "certificate.json");
}

function currencies(): number[] {
  return CURRENCIES.map((letters) => currencyFromLetters(letters));
}
