import { ConnectError } from "@connectrpc/connect";
import pg from "pg";
import { expect, test } from "vitest";
import { EntryMode, PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { CANARY_PIN, findTestCard } from "../../payment/test-cards.ts";
import { track2Of } from "../../reader-sim/card/card-reading.ts";
import { type Canary, findCanaries, searchFiles } from "./canary-search.ts";
import { startTestMesh } from "./mesh-fixture.ts";
import { pay } from "./pay.ts";

const card = findTestCard("canary");
if (card === undefined) throw new Error("the canary card is missing");

const track2 = track2Of(card.number, card.expirationDate);
const CANARIES: readonly Canary[] = [
  { name: "card number", text: card.number },
  { name: "PIN", text: CANARY_PIN },
  { name: "track 2", text: track2 },
  // Expiry, service code, PIN verification value and CVV: what follows the number on the stripe.
  { name: "rest of track 2", text: track2.slice(track2.indexOf("=") + 1) },
];

test.each([
  { name: "plain", wrap: (text: string) => Buffer.from(`xx${text}xx`) },
  { name: "UTF-16", wrap: (text: string) => Buffer.from(`xx${text}xx`, "utf16le") },
  { name: "BCD", wrap: (text: string) => Buffer.from(`00${text}00`.slice(0, 18), "hex") },
  { name: "hex", wrap: (text: string) => Buffer.from(Buffer.from(text).toString("hex")) },
  { name: "base64 at 0", wrap: (text: string) => Buffer.from(btoa(`${text}xx`)) },
  { name: "base64 at 1", wrap: (text: string) => Buffer.from(btoa(`x${text}xx`)) },
  { name: "base64 at 2", wrap: (text: string) => Buffer.from(btoa(`xx${text}xx`)) },
])("the search finds a card number in $name", ({ wrap }) => {
  const content = wrap(card.number);
  expect(findCanaries("made up", content, CANARIES.slice(0, 1))).not.toEqual([]);
});

test("after payments of every kind no file, answer or error holds a secret", async () => {
  await using fixture = await startTestMesh({ environment: { CARDLANE_LOG_LEVEL: "debug" } });
  const { mesh } = fixture;
  const said: unknown[] = [];
  const canary = { card: "canary", pin: CANARY_PIN } as const;
  const inserted = await pay(mesh, canary);
  const swiped = await pay(mesh, { ...canary, entryMode: EntryMode.MAGSTRIPE });
  const tapped = await pay(mesh, { ...canary, entryMode: EntryMode.CONTACTLESS });
  const typedOnReader = await pay(mesh, { ...canary, pinEntry: "reader" });
  const declined = await pay(mesh, { ...canary, amountMinor: 999_999_999_999n });
  const cancelled = await pay(mesh, { ...canary, isRefusedByCashier: true });
  said.push(inserted, swiped, tapped, typedOnReader, declined, cancelled);
  said.push(await mesh.clients.relay.listPayments({}));
  said.push(await mesh.clients.readerControl.getDisplay({}));
  // What a person may type into the wrong field comes back in no error.
  said.push(await errorOf(lookUp(card.number)), await errorOf(lookUp(CANARY_PIN)));

  expect(inserted.report.state).toBe(PaymentState.APPROVED);
  expect(swiped.report.state).toBe(PaymentState.APPROVED);
  await checkpoint(mesh.postgres.url("relay"));
  const answers = Buffer.from(said.map(asText).join("\n"));
  expect(findCanaries("answers", answers, CANARIES)).toEqual([]);
  const { filesSearched, hits } = searchFiles(mesh.directory.path, CANARIES);
  // Logs, spans, key files, journals, and the files of two databases with their write-ahead log.
  expect(filesSearched).toBeGreaterThan(1_000);
  expect(hits).toEqual([]);

  function lookUp(value: string) {
    return mesh.clients.relay.getPayment({ key: { case: "recordNumber", value } });
  }
});

/** Makes PostgreSQL write everything it has in memory to its files. */
async function checkpoint(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query("CHECKPOINT");
  await client.end();
}

async function errorOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    const { message, details } = ConnectError.from(error);
    return `${message} ${asText(details)}`;
  }
  throw new Error("expected the call to be refused");
}

/** Everything an answer holds, bytes as base64. */
function asText(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === "bigint") return String(part);
    if (part instanceof Uint8Array) return Buffer.from(part).toString("base64");
    return part;
  });
}
