import { afterEach, expect, test } from "vitest";
import { systemClock } from "../../../mesh/clock.ts";
import { silentLog } from "../../../mesh/log.ts";
import { eventually } from "../../../test/fixtures/notification-bed.ts";
import { type SmsPeer, startSmsPeer } from "../../../test/fixtures/sms-peer.ts";
import { RouteError } from "../route.ts";
import type { SmppPatience } from "./smpp-session.ts";
import { type SmsAnswers, SmsRoute } from "./sms-route.ts";

const THROTTLED = 0x58;
const INVALID_DESTINATION = 0x0b;
const SYSTEM_ERROR = 0x08;

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one[Symbol.asyncDispose]();
});

async function peer(password?: string): Promise<SmsPeer> {
  const started = await startSmsPeer(password);
  open.push(started);
  return started;
}

function routeTo(
  peers: Readonly<Record<string, SmsPeer>>,
  changes: Partial<SmsAnswers & SmppPatience> = {},
): SmsRoute {
  const centres = Object.entries(peers).map(([prefix, { port }]) => ({
    name: `centre ${prefix}`,
    prefix,
    host: "127.0.0.1",
    port,
    isTls: false,
    systemId: "relay",
    password: "right",
    from: "cardlane",
  }));
  const { onReceipt = async () => undefined, onOptOut = async () => undefined } = changes;
  const { answerMsMax = 1_000, enquiryMs = 30_000 } = changes;
  const around = { clock: systemClock, jitter: () => 0.5, log: silentLog };
  const route = new SmsRoute(centres, { onReceipt, onOptOut }, around, { answerMsMax, enquiryMs });
  open.push(route);
  return route;
}

/** @returns what the centres call the parts, or why it was refused. */
async function send(
  route: SmsRoute,
  sms: string,
  { address = "+12025550123", partsSent = 0 } = {},
): Promise<string> {
  const ids: string[] = [];
  const message = { subject: "", text: "", html: "", sms };
  const onPartSent = async (centre: string, id: string) => void ids.push(`${centre}: ${id}`);
  try {
    await route.send({ id: "A-APPROVED-SMS", address, message, partsSent, onPartSent });
    return ids.join();
  } catch (error) {
    if (!(error instanceof RouteError)) throw error;
    return `${error.isPermanent ? "never" : "later"}: ${error.message} [${ids}]`;
  }
}

const texts = ({ taken }: SmsPeer) => taken.map(({ short_message }) => short_message?.message);

test("the longest prefix chooses the centre", async () => {
  const world = await peer();
  const america = await peer();
  const route = routeTo({ "+": world, "+1": america });
  expect(await send(route, "one")).toBe("centre +1: m1");
  expect(await send(route, "two", { address: "+8613812345678" })).toBe("centre +: m1");
  expect([texts(america), texts(world)]).toEqual([["one"], ["two"]]);
  expect(america.taken).toMatchObject([
    { source_addr: "cardlane", destination_addr: "12025550123", data_coding: 0, esm_class: 0 },
  ]);
});

test("a country that no centre takes is never tried again", async () => {
  const route = routeTo({ "+43": await peer() });
  expect(await send(route, "one")).toBe("never: no SMS centre takes this country []");
});

test.each([
  { name: "every letter of the GSM alphabet that matters", text: "@£$€ {Ä} ~ Ωmega" },
  { name: "Chinese", text: "支付成功 €12.50，卡号 *4242" },
])("$name arrives as it was", async ({ text }) => {
  const centre = await peer();
  await send(routeTo({ "+": centre }), text);
  expect(texts(centre)).toEqual([text]);
});

test("a long message goes out in parts; after a cut only what is missing is sent", async () => {
  const centre = await peer();
  const route = routeTo({ "+": centre });
  const text = `${"x".repeat(153)}${"y".repeat(153)}z`;
  centre.behave(0, "cut");
  const first = await send(route, text);
  expect(first).toBe("later: the connection to the SMS centre was lost [centre +: m1]");
  expect(await send(route, text, { partsSent: 1 })).toBe("centre +: m2,centre +: m3");
  expect(texts(centre).join("")).toBe(text);
  expect(centre.taken.map(({ esm_class }) => esm_class)).toEqual([0x40, 0x40, 0x40]);
});

test("an answer that is lost leaves it open: at least once, as is documented", async () => {
  const centre = await peer();
  const route = routeTo({ "+": centre });
  centre.behave("take and cut");
  expect(await send(route, "one")).toMatch(/^later: the connection/);
  expect(await send(route, "one")).toBe("centre +: m2");
  expect(texts(centre)).toEqual(["one", "one"]);
});

test("a centre that throttles is given time", async () => {
  const centre = await peer();
  centre.behave(THROTTLED, THROTTLED);
  expect(await send(routeTo({ "+": centre }), "one")).toBe("centre +: m1");
});

test.each([
  { name: "never takes this number", status: INVALID_DESTINATION, says: /^never: .*0x0000000b/ },
  { name: "has a problem of its own", status: SYSTEM_ERROR, says: /^later: .*0x00000008/ },
  { name: "says nothing", status: "silence" as const, says: /^later: .*lost/ },
])("a centre that $name", async ({ status, says }) => {
  const centre = await peer();
  centre.behave(status);
  expect(await send(routeTo({ "+": centre }, { answerMsMax: 300 }), "one")).toMatch(says);
});

test("a wrong password is for the operator: the message waits", async () => {
  const centre = await peer("another");
  const route = routeTo({ "+": centre }, { answerMsMax: 300 });
  expect(await send(route, "one")).toBe("later: the SMS centre is not connected []");
});

test("a connection that is lost is made again, without anything to send", async () => {
  const centre = await peer();
  routeTo({ "+": centre });
  await eventually(() => (centre.binds === 1 ? undefined : centre.binds));
  centre.cut();
  await eventually(() => (centre.binds === 2 ? undefined : centre.binds));
});

test("silence is filled with enquire_link, and a dead connection is found out", async () => {
  const centre = await peer();
  routeTo({ "+": centre }, { enquiryMs: 50, answerMsMax: 300 });
  await eventually(() => (centre.enquiries > 2 ? undefined : centre.enquiries));
  expect(centre.binds).toBe(1);
  centre.fallSilent();
  await eventually(() => (centre.binds === 2 ? undefined : centre.binds));
});

test("receipts reach whoever keeps them; those without a fate yet do not", async () => {
  const centre = await peer();
  const receipts: string[][] = [];
  const onReceipt = async (...receipt: string[]) => void receipts.push(receipt);
  await send(routeTo({ "+": centre }, { onReceipt }), "one");
  const receipt = (id: string, state: string) => ({
    esm_class: 4,
    short_message: `id:${id} sub:001 dlvrd:001 stat:${state} err:000 text:one`,
  });
  expect(await centre.deliver(receipt("m1", "ENROUTE"))).toBe(0);
  expect(await centre.deliver(receipt("m1", "DELIVRD"))).toBe(0);
  const named = { receipted_message_id: "m2", message_state: 5 };
  expect(await centre.deliver({ ...receipt("other", "DELIVRD"), ...named })).toBe(0);
  expect(receipts).toEqual([
    ["centre +", "m1", "DELIVRD"],
    ["centre +", "m2", "UNDELIV"],
  ]);
});

test("a receipt that could not be kept is not acknowledged, so it comes again", async () => {
  const centre = await peer();
  const onReceipt = () => Promise.reject(new Error("no database"));
  await send(routeTo({ "+": centre }, { onReceipt }), "one");
  const receipt = { esm_class: 4, short_message: "id:m1 stat:DELIVRD" };
  expect(await centre.deliver(receipt)).not.toBe(0);
});

test.each([
  { name: "STOP", text: "Stop ", optOuts: ["+12025550123 true"] },
  { name: "退订", text: "退订", optOuts: ["+12025550123 true"] },
  { name: "START", text: "start!", optOuts: ["+12025550123 false"] },
  { name: "anything else", text: "thank you", optOuts: [] },
])("a person who answers $name", async ({ text, optOuts }) => {
  const centre = await peer();
  const stopped: string[] = [];
  const onOptOut = async (...said: unknown[]) => void stopped.push(said.join(" "));
  await send(routeTo({ "+": centre }, { onOptOut }), "one");
  await centre.deliver({ source_addr: "12025550123", short_message: text });
  expect(stopped).toEqual(optOuts);
});

test.each([
  { text: "help", says: /Reply STOP to get no more, START/ },
  { text: "帮助", says: /回复“退订”停止接收/ },
])("whoever asks for $text is told, once an hour", async ({ text, says }) => {
  const centre = await peer();
  await send(routeTo({ "+": centre }), "one");
  for (let place = 0; place < 3; place += 1) {
    await centre.deliver({ source_addr: "12025550123", short_message: text });
  }
  await centre.deliver({ source_addr: "12025550199", short_message: text });
  await expect.poll(() => texts(centre).length).toBe(3);
  expect(texts(centre)[1]).toMatch(says);
  expect(centre.taken.map(({ destination_addr }) => destination_addr)).toEqual([
    "12025550123",
    "12025550123",
    "12025550199",
  ]);
});
