import { createHash } from "node:crypto";
import { type DescField, type DescMessage, fromBinary, type Message } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import {
  ReaderCertificateSchema,
  RelayCertificateSchema,
  TerminalCertificateSchema,
} from "../gen/cardlane/keys/v1/keys_pb.ts";
import { printable } from "../mesh/printable.ts";

const SUBJECT_CHARACTERS_MAX = 2_000;

/** Fields that name a person: where somebody can be reached. */
const PERSONAL = new Set(["phone", "email", "address"]);

/** What the certificates of a registration are, by the message that they stand in. */
const CERTIFICATES: Readonly<Record<string, DescMessage>> = {
  ReaderRegistration: ReaderCertificateSchema,
  TerminalRegistration: TerminalCertificateSchema,
  RelayRegistration: RelayCertificateSchema,
};
const CERTIFICATE_NAMES = new Set(["serial", "terminal_id", "merchant_id", "relay_id"]);

/**
 * What a request names, on one line: `serial=SIM-0001 state=SUSPENDED`. Bytes stand there by their
 * digest, people by the end of their address, devices by what their certificates call them. What
 * those say is not checked here.
 */
export function subjectOf(schema: DescMessage, request: Message): string {
  const words = wordsOf(reflect(schema, request), () => true);
  const line = words.join(" ");
  if (line.length <= SUBJECT_CHARACTERS_MAX) return line;
  return `${line.slice(0, SUBJECT_CHARACTERS_MAX - 1)}…`;
}

function wordsOf(message: ReflectMessage, isWanted: (name: string) => boolean): readonly string[] {
  return message.fields
    .filter((field) => isWanted(field.name) && message.isSet(field))
    .flatMap((field) => fieldWords(message, field));
}

function fieldWords(message: ReflectMessage, field: DescField): readonly string[] {
  const { name } = field;
  if (name === "certificate") return certificateWords(message, field);
  if (field.fieldKind === "message") return wordsOf(message.get(field), () => true);
  if (field.fieldKind === "list") {
    const items = [...message.get(field)];
    if (field.listKind !== "message") return [`${name}=${items.map(String).join(",")}`];
    return items.flatMap((item) => wordsOf(item as ReflectMessage, () => true));
  }
  if (field.fieldKind === "enum") {
    const value = message.get(field) as number;
    return [`${name}=${field.enum.value[value]?.localName ?? String(value)}`];
  }
  const value: unknown = message.get(field);
  return [`${name}=${PERSONAL.has(name) ? masked(String(value)) : textOf(value)}`];
}

function textOf(value: unknown): string {
  if (value instanceof Uint8Array) return `sha256:${digestOf(value)}`;
  return printable(String(value)).replaceAll(" ", "_");
}

function certificateWords(message: ReflectMessage, field: DescField): readonly string[] {
  const schema = CERTIFICATES[message.desc.name];
  if (schema === undefined || field.fieldKind !== "message") return [];
  const envelope = message.get(field).message as { readonly payload?: unknown };
  const { payload } = envelope;
  if (!(payload instanceof Uint8Array)) return [];
  try {
    const certificate = reflect(schema, fromBinary(schema, payload));
    return wordsOf(certificate, (name) => CERTIFICATE_NAMES.has(name));
  } catch {
    return [`certificate=sha256:${digestOf(payload)}`]; // What it is, the program says.
  }
}

function digestOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex").slice(0, 16);
}

/** "…0123", "…@shop.example": enough to find out which one, with the list of them at hand. */
function masked(address: string): string {
  const at = address.lastIndexOf("@");
  return `…${printable(at === -1 ? address.slice(-4) : address.slice(at))}`;
}
