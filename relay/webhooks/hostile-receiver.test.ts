import type { Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Clock, systemClock } from "../../mesh/clock.ts";
import { type Behaviour, drip, flood, HostileServer } from "../../mesh/testing/hostile-server.ts";
import { networksIn, Receivers } from "./receivers.ts";
import { WebhookSender } from "./webhook-sender.ts";
import type { DueDelivery, WebhookStore } from "./webhook-store.ts";

const MEBIBYTE = 1_048_576;
/** A receiver's 15 seconds are one here. */
const hastyClock: Clock = {
  nowMs: () => systemClock.nowMs(),
  monotonicMs: () => systemClock.monotonicMs(),
  sleep: (durationMs, signal) => systemClock.sleep(durationMs / 15, signal),
  timer: (delayMs, callback) => systemClock.timer(delayMs / 15, callback),
};

/** What would have ended the relay. */
const uncaught: unknown[] = [];
const note = (error: unknown) => void uncaught.push(error);

beforeAll(() => {
  process.on("uncaughtException", note);
  process.on("unhandledRejection", note);
});

afterAll(() => {
  process.off("uncaughtException", note);
  process.off("unhandledRejection", note);
});

/** Once it has the whole request. */
function answering(then: Behaviour): Behaviour {
  return (socket) => {
    let heard = "";
    socket.on("data", (chunk: Buffer) => {
      heard += String(chunk);
      if (heard.endsWith("}")) then(socket);
    });
  };
}

const says = (...words: readonly (string | Buffer)[]) =>
  answering((socket) => {
    for (const word of words) socket.write(word);
  });
const floods = (head: string, piece: string) =>
  answering((socket) => {
    socket.write(head);
    flood(socket, piece);
  });
const drips = (head: string, piece: string) =>
  answering((socket) => {
    socket.write(head);
    drip(socket, piece);
  });
const reset = (head: string) =>
  answering((socket: Socket) => void socket.write(head, () => socket.resetAndDestroy()));

const OK = "HTTP/1.1 200 OK\r\nconnection: close\r\n";
const CHUNKED = `${OK}transfer-encoding: chunked\r\n\r\n`;
const BOMB = gzipSync(Buffer.alloc(64 * MEBIBYTE));
const GZIP = `${OK}content-encoding: gzip\r\ncontent-length: ${BOMB.byteLength}\r\n\r\n`;
const H2_SETTINGS = Buffer.from("000000040000000000", "hex");

const hostile: readonly {
  readonly name: string;
  readonly behave: Behaviour;
  /** Undefined: the event counts as taken. */
  readonly says?: string;
}[] = [
  { name: "never answers", behave: () => undefined, says: "did not answer" },
  { name: "hangs up", behave: (socket) => void socket.end(), says: "was not reached" },
  { name: "resets the connection", behave: reset(""), says: "was not reached" },
  { name: "sends a body without an end", behave: floods(`${OK}\r\n`, "x") },
  { name: "sends chunks without an end", behave: floods(CHUNKED, "1\r\nx\r\n") },
  { name: "sends a body a byte at a time", behave: drips(`${OK}\r\n`, "x") },
  { name: "resets in the middle of its body", behave: reset(`${OK}content-length: 9\r\n\r\nx`) },
  { name: "sends a gzip bomb", behave: says(GZIP, BOMB) },
  { name: "says gzip and means none", behave: says(`${OK}content-encoding: gzip\r\n\r\nno gzip`) },
  { name: "sends headers without an end", behave: floods(OK, "a: b\r\n"), says: "not reached" },
  { name: "sends a header without an end", behave: floods(`${OK}a: `, "b"), says: "not reached" },
  { name: "drips headers", behave: drips(OK, "a: b\r\n"), says: "did not answer" },
  {
    name: "goes on saying 103",
    behave: floods("", "HTTP/1.1 103 Early Hints\r\n\r\n"),
    says: "receiver",
  },
  { name: "drips 100", behave: drips("", "HTTP/1.1 100 Continue\r\n\r\n"), says: "receiver" },
  {
    name: "switches protocols",
    behave: says("HTTP/1.1 101 ok\r\nupgrade: x\r\n\r\n"),
    says: "answered 101",
  },
  ...["000", "099", "999", "abc", "", "1000"].map((status) => ({
    name: `answers with status "${status}"`,
    behave: says(`HTTP/1.1 ${status} ok\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`),
    says: "receiver",
  })),
  {
    name: "redirects to nowhere",
    behave: says(
      "HTTP/1.1 302 ok\r\nlocation: ::::\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
    ),
    says: "answered 302",
  },
  { name: "speaks HTTP/2", behave: says(H2_SETTINGS), says: "not reached" },
  { name: "speaks no protocol", behave: floods("", "\u0016\u0003"), says: "not reached" },
  { name: "answers before it is asked", behave: (it) => flood(it, `${OK}\r\n`) },
];

const receivers = new Receivers(networksIn(["127.0.0.1/32"]));

const DUE = {
  attempts: 0,
  is_paused: false,
  sequence: "7",
  secret: Buffer.alloc(32),
  kind: "SALE",
  state: "APPROVED",
  changed_at: new Date(0),
  currency: 0,
  response_code: "00",
  fault_code: null,
};

/** @returns why the one event was not taken; undefined when it was. */
async function outcomeAt(url: string): Promise<string | undefined> {
  const due = [{ ...DUE, url } as DueDelivery];
  let failed: string | undefined;
  const store: Partial<WebhookStore> = {
    nextDue: async () => due.pop(),
    markDelivered: async () => undefined,
    markFailed: async (_webhookId, _sequence, reason) => {
      failed = reason;
    },
    pause: async () => undefined,
    deliverAfterPause: async () => undefined,
  };
  const sender = new WebhookSender(store as WebhookStore, hastyClock, receivers);
  const key = { webhookId: "wh_1", recordNumber: "A17K2M9QX4T8" };
  return await sender.deliver(key).then(
    () => failed,
    ({ message }: Error) => message,
  );
}

test.each(hostile)("a receiver that $name costs a bounded time", async ({ behave, says: said }) => {
  await using server = await HostileServer.listen(behave);
  const reason = await outcomeAt(`http://127.0.0.1:${server.port}/hook`);
  if (said === undefined) expect(reason).toBeUndefined();
  else expect(reason).toContain(said);
  await server.deserted();
  expect(server.bytesTaken).toBeLessThan(16 * MEBIBYTE);
  expect(uncaught.splice(0)).toEqual([]);
});
