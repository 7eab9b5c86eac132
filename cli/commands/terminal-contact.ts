import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fromJsonString } from "@bufbuild/protobuf";
import { openRunningMesh } from "../../dev-mesh/clients.ts";
import { type SignedEnvelope, SignedEnvelopeSchema } from "../../gen/cardlane/keys/v1/keys_pb.ts";
import { DeviceState, TerminalContactSchema } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { currencyFromLetters } from "../../payment/money.ts";
import { CommandError, EXIT_CODES } from "../command-end.ts";
import { type CommandIo, printMessage } from "../io/command-io.ts";
import type { Flags, OptionsOf, ValuesOf } from "../io/flags.ts";
import { deviceStateWord } from "../print/words.ts";
import { terminalNamed } from "./device-state.ts";

const { ACTIVE } = DeviceState;

export const LANGUAGE_FLAGS = {
  "--language <tag>": "such as en-GB or zh-CN",
  "--time-zone <zone>": "such as Europe/Vienna",
} satisfies Flags;

export const CONTACT_FLAGS = {
  "--phone <number>": "telephone number with country code, for SMS",
  "--email <mailbox>": "mailbox, for e-mail",
  ...LANGUAGE_FLAGS,
} satisfies Flags;

export const ADD_TERMINAL_FLAGS = {
  /** Letters with commas: "EUR,USD". */
  "--currencies <codes>": { says: "what it may charge in", default: "EUR" },
  ...CONTACT_FLAGS,
} satisfies Flags;

/** Changes whom a terminal's results go to; what is not named stays. @returns the exit code. */
export async function setTerminal(
  io: CommandIo,
  name: string,
  options: OptionsOf<typeof CONTACT_FLAGS>,
): Promise<number> {
  using mesh = await openRunningMesh(options.dataDir, io.clock);
  const { merchantId, terminalId, contact: kept } = await terminalNamed(mesh, name);
  const contact = { ...contactOf(kept ?? {}), ...contactOf(options) };
  const key = { merchantId, terminalId };
  const response = await mesh.clients.relayRegistry.setTerminalContact({ ...key, contact });
  if (options.json === true && response.contact !== undefined) {
    printMessage(io, TerminalContactSchema, response.contact);
  } else {
    const { phone, email } = response.contact ?? { phone: "", email: "" };
    const addresses = [phone, email].filter((one) => one !== "").join(" and ");
    io.tell(addresses === "" ? "Results go to nobody." : `Results go to ${addresses}.`);
  }
  return EXIT_CODES.approved;
}

/** Registers a terminal by its certificate, with a contact or none. @returns the exit code. */
export async function addTerminal(
  io: CommandIo,
  certificatePath: string,
  options: OptionsOf<typeof ADD_TERMINAL_FLAGS>,
): Promise<number> {
  const certificate = readCertificate(resolve(io.workingDirectory, certificatePath));
  const currencies = options.currencies
    .split(",")
    .map((letters) => currencyFromLetters(letters.trim()));
  const terminal = { certificate, currencies };
  const contact = contactOf(options);
  const named = Object.keys(contact).length === 0 ? {} : { contact };
  using mesh = await openRunningMesh(options.dataDir, io.clock);
  const { processorRegistry, relayRegistry } = mesh.clients;
  const atProcessor = { terminals: [terminal] };
  const atRelay = { terminals: [{ ...terminal, ...named }] };
  // Whatever one of them would refuse changes nothing at the other either.
  await processorRegistry.registerTerminals({ ...atProcessor, validateOnly: true });
  await relayRegistry.registerTerminals({ ...atRelay, validateOnly: true });
  const answers = [
    await processorRegistry.registerTerminals(atProcessor),
    await relayRegistry.registerTerminals(atRelay),
  ];
  const idle = answers.flatMap(({ states }) => states).find((state) => state !== ACTIVE);
  io.tell(
    idle === undefined
      ? "The processor and the relay serve it now."
      : `It is registered, and still ${deviceStateWord(idle)}: cardlane terminals activate`,
  );
  return EXIT_CODES.approved;
}

function contactOf({ phone, email, language, timeZone }: ValuesOf<typeof CONTACT_FLAGS>) {
  return {
    ...(phone === undefined ? {} : { phone }),
    ...(email === undefined ? {} : { email }),
    ...(language === undefined ? {} : { language }),
    ...(timeZone === undefined ? {} : { timeZone }),
  };
}

function readCertificate(path: string): SignedEnvelope {
  try {
    return fromJsonString(SignedEnvelopeSchema, readFileSync(path, "utf8"));
  } catch {
    throw new CommandError("NOT_FOUND", `${path} is not a terminal's certificate.json`);
  }
}
