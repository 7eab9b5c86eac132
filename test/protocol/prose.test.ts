import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { SIGN_OF_LIFE_MS } from "../../mesh/stream/silence.ts";
import { CLOCK_TOLERANCE_MS } from "../../payment/clock-difference.ts";
import { READER_PAYMENT_BYTES_MAX, SUBMIT_WITHIN_MS } from "../../payment/payment-context.ts";
import { TAKEN_IDS_MAX } from "../../reader-sim/reader-store.ts";
import { RESEND_MARGIN_MS } from "../../reader-sim/steps/payment-steps.ts";
import { delayMsMax, sessionMsMax } from "../../salt/times.ts";
import { MANIFEST_LIFE_MS } from "../../sealing/keys/manifest.ts";
import { pinDigitsLimits } from "../../sealing/pin/pin-block.ts";
import { FINISHED_MAX } from "../../terminal-client/journal/journal.ts";
import { constantIn } from "./source-constant.ts";

const WORDS: Readonly<Record<number, string>> = { 2: "two", 3: "three", 7: "seven", 10: "ten" };
const DAY_MS = 86_400_000;

const session = (name: string) => constantIn("salt/session.ts", name);
const link = (name: string) => constantIn("terminal-client/reader/reader-link.ts", name);
const hello = (name: string) => grouped(constantIn("mesh/stream/hello.ts", name));
const life = (name: string) => constantIn("mesh/stream/stream-life.ts", name);

const silentMs = SIGN_OF_LIFE_MS * constantIn("mesh/stream/silence.ts", "SILENT_INTERVALS_MAX");
const sessions = constantIn("reader-sim/session/reader-service.ts", "SESSIONS_MAX");
const pinRetries = constantIn("reader-sim/steps/card-steps.ts", "PIN_RETRIES_MAX");
const pinsAsked = constantIn("terminal-client/taking/card-taking.ts", "CONFIRMATIONS_MAX");
const forwardMs = constantIn("processor/authorization/acceptance.ts", "FORWARD_WITHIN_MS");
const repeatMs = constantIn("relay/forwarding/forwarder.ts", "REPEAT_AFTER_MS");
const deadlineMs = constantIn("relay/relay-options.ts", "DEADLINE_MS");
const validMs = constantIn("processor/payments/entry-answer.ts", "VALID_MS");
const entries = constantIn("processor/stream/process-stream.ts", "ENTRIES_MAX");
const renewalMs = constantIn("processor/keys/manifest-renewal.ts", "LEFT_MS_MIN");
const hexadecimal = (digits: number) => digits.toString(16).toUpperCase();
const [pinMin, pinMax] = [pinDigitsLimits.min, pinDigitsLimits.max].map(hexadecimal);
const [beatMin, beatMax] = [hello("HEARTBEAT_INTERVAL_MS_MIN"), hello("HEARTBEAT_INTERVAL_MS_MAX")];

/** Numbers that stand in sentences, outside the tables of docs/protocol/limits.md. */
test.each([
  ["handshake", `up to TerminalHello, has ${s(session("HANDSHAKE_MS_MAX"))}.`],
  ["handshake", `A packet has at most ${session("PACKET_BYTES_MAX")} bytes.`],
  ["handshake", `that comes more than ${s(delayMsMax)} after the packet that it answers`],
  ["handshake", `whose time differs by more than ${s(delayMsMax)} from`],
  ["handshake", `A session older than ${sessionMsMax / 3_600_000} hours.`],
  ["session", `asks its till ${WORDS[pinsAsked]} times in all`],
  ["session", `one presentation of a card serves ${WORDS[pinRetries]} retries more`],
  ["session", `serves at most ${sessions} sessions`],
  ["session", `Both sides speak every ${s(SIGN_OF_LIFE_MS)} at least`],
  ["session", `Silence of ${s(silentMs)} is an end`],
  ["session", `tries again within ${link("RETRY_MS_MIN")} ms, then`],
  ["session", `up to ${s(link("RETRY_MS_MAX"))}`],
  ["session", `more than a ${minute(CLOCK_TOLERANCE_MS)} away from the relay's`],
  ["session", `remembers the last ${grouped(TAKEN_IDS_MAX)} ids`],
  ["session", `until a ${minute(RESEND_MARGIN_MS)} after`],
  ["payment", `at most \`reader_time_ms\` + ${SUBMIT_WITHIN_MS} `],
  ["payment", `for ${s(forwardMs)} more`],
  ["payment", `has at most ${READER_PAYMENT_BYTES_MAX} bytes`],
  ["payment", `one more than a ${minute(CLOCK_TOLERANCE_MS)} ahead of its own`],
  ["pin", `at most ${constantIn("sealing/pin/dukpt.ts", "oneBitsMax")} one-bits`],
  ["pin", `number of digits, \`${pinMin}\` to \`${pinMax}\``],
  ["streams", `within ${s(life("HELLO_WITHIN_MS"))}, and the server answers`],
  ["streams", `${beatMin} to ${beatMax} ms`],
  ["streams", `programs announce ${hello("HEARTBEAT_INTERVAL_MS")} ms`],
  ["streams", `after ${WORDS[life("LIFE_MS") / 60_000]} minutes, one tenth more or less`],
  ["streams", `for ${s(life("DRAIN_GRACE_MS"))} more`],
  ["streams", `the last ${grouped(FINISHED_MAX)} finished ones`],
  ["streams", `of 1 to ${entries} entries`],
  ["answers", `is ${s(validMs)} after`],
  ["answers", `after ${s(repeatMs)}, or at once`],
  ["answers", `${s(deadlineMs)} after the record`],
  ["keys", `it lives ${WORDS[MANIFEST_LIFE_MS / DAY_MS]} days at most`],
  ["keys", `1 to ${constantIn("sealing/keys/manifest.ts", "keysMax")} keys`],
  ["keys", `less than ${WORDS[renewalMs / DAY_MS]} days are left`],
  ["bytes", `carries 1 to ${constantIn("sealing/keys/dsse.ts", "signaturesMax")} signatures`],
])("docs/protocol/%s.md says: %s", (page, words) => {
  const text = readFileSync(`docs/protocol/${page}.md`, "utf8").replaceAll(/\s+/g, " ");
  expect(text).toContain(words);
});

function s(ms: number): string {
  return `${ms / 1_000} s`;
}

function minute(ms: number): string {
  return ms === 60_000 ? "minute" : `time of ${s(ms)}`;
}

/** 1000 → "1,000" */
function grouped(count: number): string {
  return count.toLocaleString("en");
}
