import { afterEach, expect, test } from "vitest";
import { systemClock } from "../../../mesh/clock.ts";
import { silentLog } from "../../../mesh/log.ts";
import { PythonPeer, peerPython } from "../../../test/fixtures/python-peer.ts";
import { gsmText } from "./gsm-alphabet.ts";
import type { SmppPatience } from "./smpp-session.ts";
import { type SmsAnswers, SmsRoute } from "./sms-route.ts";

/** A submit_sm as smpp.twisted reads it. */
interface Taken {
  readonly from: string;
  readonly fromType: string;
  readonly to: string;
  readonly toType: string;
  readonly coding: string;
  readonly features: readonly string[];
  /** Hexadecimal. */
  readonly message: string;
  readonly receipt: string;
}

interface Answered {
  readonly answer: string;
}

const withPeer = test.skipIf(peerPython === undefined);

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one[Symbol.asyncDispose]();
});

function routeTo(
  { port }: PythonPeer,
  changes: Partial<SmsAnswers & Pick<SmppPatience, "answerMsMax">> = {},
  password = "right",
) {
  const centre = { name: "peer", prefix: "+", isTls: false, systemId: "relay", from: "cardlane" };
  const centres = [{ ...centre, host: "127.0.0.1", port, password }];
  const { onReceipt = async () => undefined, onOptOut = async () => undefined } = changes;
  const patience = { answerMsMax: changes.answerMsMax ?? 2_000, enquiryMs: 30_000 };
  const around = { clock: systemClock, jitter: () => 0.5, log: silentLog };
  const route = new SmsRoute(centres, { onReceipt, onOptOut }, around, patience);
  open.push(route);
  return route;
}

/** @returns what the centre calls the parts. */
async function send(route: SmsRoute, sms: string, address = "+12025550123"): Promise<string[]> {
  const ids: string[] = [];
  const message = { subject: "", text: "", html: "", sms };
  const onPartSent = async (_centre: string, id: string) => void ids.push(id);
  await route.send({ id: "A-APPROVED-SMS", address, message, partsSent: 0, onPartSent });
  return ids;
}

withPeer("another centre takes a message, and its receipt comes back", async () => {
  using peer = await PythonPeer.start("sms-peer.py");
  const receipt = Promise.withResolvers<string[]>();
  const onReceipt = async (...values: string[]) => receipt.resolve(values);
  expect(await send(routeTo(peer, { onReceipt }), "Approved €12.50 {A}")).toEqual(["peer-1"]);
  const [taken] = await peer.next<Taken>(1);
  expect(taken).toMatchObject({
    from: "cardlane",
    fromType: "ALPHANUMERIC",
    to: "12025550123",
    toType: "INTERNATIONAL",
    coding: "SMSC_DEFAULT_ALPHABET",
    features: [],
    receipt: "SMSC_DELIVERY_RECEIPT_REQUESTED",
  });
  expect(gsmText(Buffer.from(taken?.message ?? "", "hex"))).toBe("Approved €12.50 {A}");
  expect(await receipt.promise).toEqual(["peer", "peer-1", "DELIVRD"]);
  expect(await peer.next<Answered>(1)).toEqual([{ answer: "ESME_ROK" }]);
});

withPeer("another centre takes Chinese in parts that name one another", async () => {
  using peer = await PythonPeer.start("sms-peer.py");
  const text = "支付成功".repeat(30);
  expect(await send(routeTo(peer), text)).toEqual(["peer-1", "peer-2"]);
  const said = await peer.next<Taken & Answered>(4);
  const parts = said.filter(({ answer }) => answer === undefined);
  expect(parts).toMatchObject(Array(2).fill({ coding: "UCS2", features: ["UDHI_INDICATOR_SET"] }));
  const bytes = parts.map(({ message }) => Buffer.from(message, "hex"));
  expect(bytes.map((one) => [...one.subarray(5, 7)])).toEqual([
    [2, 1],
    [2, 2],
  ]);
  const contents = bytes.map((one) => Buffer.from(one.subarray(7)).swap16().toString("utf16le"));
  expect(contents.join("")).toBe(text);
});

withPeer("a number that another centre refuses is never tried again", async () => {
  using peer = await PythonPeer.start("sms-peer.py");
  const sending = send(routeTo(peer), "one", "+12025550199");
  await expect(sending).rejects.toMatchObject({ isPermanent: true });
});

withPeer("another centre that knows no such password leaves the message waiting", async () => {
  using peer = await PythonPeer.start("sms-peer.py");
  const sending = send(routeTo(peer, { answerMsMax: 500 }, "wrong"), "one");
  await expect(sending).rejects.toMatchObject({ isPermanent: false });
});

withPeer("a STOP that comes through another centre is heard and acknowledged", async () => {
  using peer = await PythonPeer.start("sms-peer.py");
  const optOut = Promise.withResolvers<string>();
  const onOptOut = async (address: string) => optOut.resolve(address);
  await send(routeTo(peer, { onOptOut }), "one");
  await peer.next<Taken & Answered>(2);
  peer.tell({ from: "12025550123", text: "Stop" });
  expect(await optOut.promise).toBe("+12025550123");
  expect(await peer.next<Answered>(1)).toEqual([{ answer: "ESME_ROK" }]);
});
