import { gsmText } from "./gsm-alphabet.ts";
import { BodyReader, BodyWriter } from "./pdu.ts";
import { DATA_CODING } from "./sms-parts.ts";

/** Type of number and numbering plan (SMPP 3.4, sections 5.2.5 and 5.2.6). */
const INTERNATIONAL = 0x01;
const ALPHANUMERIC = 0x05;
const UNKNOWN = 0x00;
const E164 = 0x01;
const VERSION_3_4 = 0x34;
/** esm_class bits (section 5.2.12). */
const HAS_HEADER = 0x40;
const IS_RECEIPT = 0x04;
/** Ask for a receipt when the fate of the message is known (section 5.2.17). */
const RECEIPT_WANTED = 0x01;
/** Optional parameters (section 5.3.2). */
const RECEIPTED_MESSAGE_ID = 0x001e;
const MESSAGE_STATE = 0x0427;
const MESSAGE_PAYLOAD = 0x0424;
/** Values of message_state (section 5.2.28). */
const MESSAGE_STATES = [
  "",
  "ENROUTE",
  "DELIVRD",
  "EXPIRED",
  "DELETED",
  "UNDELIV",
  "ACCEPTD",
  "UNKNOWN",
  "REJECTD",
];

export function bindBody(systemId: string, password: string): Buffer {
  const writer = new BodyWriter().text(systemId).text(password).text("");
  return writer.byte(VERSION_3_4, UNKNOWN, UNKNOWN).text("").body;
}

interface SubmitSm {
  /** A number, or up to 11 characters that the phone shows instead. */
  readonly from: string;
  /** E.164 with its plus. */
  readonly to: string;
  readonly dataCoding: number;
  readonly hasHeader: boolean;
  readonly shortMessage: Uint8Array;
}

/** Section 4.4.1. */
export function submitBody({ from, to, dataCoding, hasHeader, shortMessage }: SubmitSm): Buffer {
  const isNumber = /^\+?\d+$/.test(from);
  return new BodyWriter()
    .text("")
    .byte(isNumber ? INTERNATIONAL : ALPHANUMERIC, isNumber ? E164 : UNKNOWN)
    .text(from.replace("+", ""))
    .byte(INTERNATIONAL, E164)
    .text(to.replace("+", ""))
    .byte(hasHeader ? HAS_HEADER : 0, 0, 0)
    .text("")
    .text("")
    .byte(RECEIPT_WANTED, 0, dataCoding, 0, shortMessage.length)
    .bytes(shortMessage).body;
}

/** What came from the centre: the fate of a message, or a message of a phone to us. */
export type Delivered =
  | { readonly kind: "receipt"; readonly messageId: string; readonly state: string }
  | { readonly kind: "message"; readonly from: string; readonly text: string };

/** Section 4.6.1; the words of a receipt are those of appendix B. */
export function deliveredOf(body: Buffer): Delivered {
  const reader = new BodyReader(body);
  reader.text();
  reader.bytes(2);
  const source = reader.text();
  reader.bytes(2);
  reader.text();
  const esmClass = reader.byte();
  reader.bytes(2);
  reader.text();
  reader.text();
  reader.bytes(2);
  const dataCoding = reader.byte();
  reader.byte();
  const shortMessage = reader.bytes(reader.byte());
  const optionals = reader.optionals();
  const content = optionals.get(MESSAGE_PAYLOAD) ?? shortMessage;
  if ((esmClass & IS_RECEIPT) === 0) {
    return {
      kind: "message",
      from: `+${source.replace("+", "")}`,
      text: textOf(content, dataCoding),
    };
  }
  const words = content.toString("latin1");
  const named = optionals.get(RECEIPTED_MESSAGE_ID)?.toString("latin1").replace(/\0.*$/s, "");
  return {
    kind: "receipt",
    messageId: named ?? /\bid:(\S+)/.exec(words)?.[1] ?? "",
    state: stateOf(optionals.get(MESSAGE_STATE)?.[0], words),
  };
}

function stateOf(code: number | undefined, words: string): string {
  return (
    (code === undefined ? undefined : MESSAGE_STATES[code]) ??
    /\bstat:(\w{1,10})/.exec(words)?.[1] ??
    "UNKNOWN"
  );
}

function textOf(content: Buffer, dataCoding: number): string {
  if (dataCoding !== DATA_CODING.ucs2) return gsmText(content);
  const even = content.subarray(0, content.length & ~1);
  return Buffer.from(even).swap16().toString("utf16le");
}
