import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { describe, expect, test, vi } from "vitest";
import {
  type ReaderMessage,
  ReaderMessageSchema,
  type SessionRequest,
  SessionRequestSchema,
  type SessionResponse,
  SessionResponseSchema,
  type TerminalMessage,
  TerminalMessageSchema,
} from "../gen/cardlane/reader/v1/reader_pb.ts";
import { silentLog } from "../mesh/log.ts";
import type { StreamEnd } from "../mesh/stream/frame-stream.ts";
import { frameStreamPair } from "../mesh/testing/frame-stream-pair.ts";
import { ManualClock } from "../mesh/testing/manual-clock.ts";
import { generateSigner } from "../sealing/curves/curves.ts";
import { nodeCurves as curves } from "../sealing/curves/node-curves.ts";
import { seededRandom } from "../sealing/testing/seeded-random.ts";
import { startSaltClient } from "./client.ts";
import { answerSaltClient } from "./server.ts";
import { SaltSession, type SessionSide } from "./session.ts";

type Reader = SessionSide<
  SessionResponse,
  SessionRequest,
  typeof ReaderMessageSchema,
  typeof TerminalMessageSchema
>;
type Terminal = SessionSide<
  SessionRequest,
  SessionResponse,
  typeof TerminalMessageSchema,
  typeof ReaderMessageSchema
>;

/** A reader's and a terminal's side whose channel is made already, and all that happened. */
function sessions(hear: (message: TerminalMessage) => void | Promise<void> = () => undefined) {
  const clock = new ManualClock();
  const random = seededRandom(3);
  const pair = frameStreamPair<SessionRequest, SessionResponse>();
  const happened: string[] = [];
  const warn = (message: string, fields?: { readonly errorName?: string }) =>
    void happened.push(`${message}: ${fields?.errorName}`);
  const around = { clock, log: { ...silentLog, warn } };
  const ends: StreamEnd[] = [];
  const side = {
    heartbeat: (sentAtMs: bigint) =>
      ({ message: { case: "heartbeat", value: { sentAtMs } } }) as const,
    farewell: { message: { case: "close", value: {} } },
    onHandshake: () => undefined,
  } as const;
  const readerSide: Reader = {
    ...side,
    stream: pair.server,
    peer: "terminal",
    says: ReaderMessageSchema,
    hears: TerminalMessageSchema,
    packetOf: ({ frame }) => (frame.case === "salt" ? frame.value : undefined),
    frameOf: (salt) => create(SessionResponseSchema, { salt }),
    onMessage: (message) => hear(message),
    onOver: () => void happened.push("reader's over"),
  };
  const heard: ReaderMessage["message"]["case"][] = [];
  const terminalSide: Terminal = {
    ...side,
    stream: pair.client,
    peer: "reader",
    says: TerminalMessageSchema,
    hears: ReaderMessageSchema,
    packetOf: ({ salt }) => salt,
    frameOf: (value) => create(SessionRequestSchema, { frame: { case: "salt", value } }),
    onMessage: ({ message }) => void heard.push(message.case),
    onOver: () => void happened.push("terminal's over"),
  };
  const reader = new SaltSession(readerSide, around);
  const terminal = new SaltSession(terminalSide, around);
  pair.client.onEnd((end) => ends.push(end));
  const signerOf = () => generateSigner({ curves, random }).signer;
  const nowMs = clock.monotonicMs();
  const client = startSaltClient({ curves, random, signer: signerOf(), nowMs });
  const server = answerSaltClient(client.m1, { curves, random, signer: signerOf(), nowMs });
  const { m4, channel } = client
    .receiveM2(server.m2, nowMs)
    .receiveM3(server.m3, nowMs)
    .acceptServer(nowMs);
  reader.secure(channel);
  terminal.secure(server.receiveM4(m4, nowMs));
  return { clock, reader, terminal, heard, happened, ends, pair };
}

const readerHello: MessageInitShape<typeof ReaderMessageSchema> = {
  message: { case: "hello", value: {} },
};
const terminalHello: MessageInitShape<typeof TerminalMessageSchema> = {
  message: { case: "hello", value: {} },
};
const cancel = (byte: number): MessageInitShape<typeof TerminalMessageSchema> => ({
  message: { case: "cancel", value: { paymentId: Uint8Array.of(byte) } },
});

test("a message is heard when the one before is done", async () => {
  const order: string[] = [];
  const stored = Promise.withResolvers<void>();
  const { clock, reader, terminal } = sessions(async ({ message }) => {
    order.push(`${message.case} begins`);
    if (message.case === "hello") {
      await stored.promise;
      reader.open();
    }
    order.push(`${message.case} ends`);
  });
  terminal.say(terminalHello);
  terminal.say(cancel(1));
  await clock.advance(1);
  expect(order).toEqual(["hello begins"]);
  stored.resolve();
  await clock.advance(1);
  expect(order).toEqual(["hello begins", "hello ends", "cancel begins", "cancel ends"]);
});

test("while a message takes long, the peer's flood waits outside", async () => {
  const stored = Promise.withResolvers<void>();
  let heardCount = 0;
  const { clock, reader, terminal, pair } = sessions(async ({ message }) => {
    heardCount += 1;
    if (message.case !== "hello") return;
    await stored.promise;
    reader.open();
  });
  terminal.say(terminalHello);
  for (let count = 0; count < 500; count += 1) terminal.say(cancel(1));
  await clock.advance(1);
  const sent = vi.spyOn(pair.client, "send");
  terminal.say(cancel(1));
  expect(sent).toHaveLastReturnedWith(false);
  stored.resolve();
  await clock.advance(1);
  expect(heardCount).toBe(502);
});

describe("a session is refused, in the same words,", () => {
  test.each([
    {
      name: "on a first message that is not Hello",
      says: [cancel(1)],
      why: "first message is not Hello",
    },
    { name: "on a second Hello", says: [terminalHello, terminalHello], why: "unexpected message" },
    { name: "on an empty message", says: [terminalHello, {}], why: "unexpected message" },
  ])("$name", async ({ says, why }) => {
    const { clock, terminal, reader, happened, ends } = sessions(() => reader.open());
    for (const message of says) terminal.say(message);
    await clock.advance(1);
    expect(happened[0]).toBe(`terminal session refused: ${why}`);
    expect(ends).toMatchObject([{ code: Code.Unauthenticated, message: "session refused" }]);
  });

  test("on a packet that is too large, before it is opened", async () => {
    const { clock, terminal, happened } = sessions();
    terminal.sendPacket(new Uint8Array(8_193));
    await clock.advance(1);
    expect(happened[0]).toBe("terminal session refused: packet too large");
  });

  test("when its Hello does not come for ten seconds", async () => {
    const { clock, happened } = sessions();
    await clock.advance(9_999);
    expect(happened).toEqual([]);
    await clock.advance(1);
    expect(happened[0]).toBe("terminal session refused: handshake took too long");
  });
});

test("both speak every ten seconds, and hear nothing after the end", async () => {
  const { clock, reader, terminal, heard, happened } = sessions(({ message }) => {
    if (message.case === "hello") reader.open();
  });
  terminal.say(terminalHello);
  reader.say(readerHello);
  await clock.advance(1);
  terminal.open();
  for (let seconds = 0; seconds < 40; seconds += 5) await clock.advance(5_000);
  expect(heard.filter((one) => one === "heartbeat").length).toBeGreaterThanOrEqual(3);
  expect([reader.isOpen, terminal.isOpen]).toEqual([true, true]);
  reader.close();
  await clock.advance(1);
  expect(heard.at(-1)).toBe("close");
  terminal.end();
  terminal.end();
  await clock.advance(60_000);
  expect(happened).toEqual(["reader's over", "terminal's over"]);
});
