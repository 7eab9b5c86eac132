import type { Socket } from "node:net";
import { expect, test } from "vitest";
import { type Clock, systemClock, type Timer } from "../../mesh/clock.ts";
import { type Behaviour, drip, flood, HostileServer } from "../../mesh/testing/hostile-server.ts";
import { MailRoute } from "./mail-route.ts";
import { RouteError } from "./route.ts";

const DELIVERY = {
  id: "A17K2M9QX4T8-APPROVED-EMAIL",
  address: "till@shop.example",
  message: { subject: "Approved", text: "text\n", html: "<p>€1</p>", sms: "" },
  partsSent: 0,
  onPartSent: async () => undefined,
};
const MEBIBYTE = 1_048_576;
const SILENCE_MS_MAX = 4_000;
const HASTE = 30;

/** The minute that a message may take is two seconds here, from when `hasBegun` on. */
function hastyClock(hasBegun: () => boolean): Clock {
  return {
    nowMs: () => systemClock.nowMs(),
    monotonicMs: () => systemClock.monotonicMs(),
    sleep: (durationMs, signal) => systemClock.sleep(durationMs / HASTE, signal),
    timer(delayMs, callback) {
      const plan = (): Timer => systemClock.timer(delayMs / HASTE, ring);
      let timer = plan();
      let begun = false;
      function ring(): void {
        if (begun) callback();
        else timer = plan();
        begun ||= hasBegun();
      }
      const cancel = () => timer.cancel();
      return { cancel, [Symbol.dispose]: cancel };
    },
  };
}

/** What ends a message (RFC 5321, section 4.1.1.4). */
const END = "\r\n.\r\n";

/** Greets, answers each command, and does `then` in place of the answer to `at`. */
function until(at: string, then: Behaviour, reached: Set<string>): Behaviour {
  const fine = at === "STARTTLS" ? "250-fine\r\n250 STARTTLS\r\n" : "250 fine\r\n";
  return (socket) => {
    socket.write("220 here\r\n");
    socket.on("data", (chunk: Buffer) => {
      const line = String(chunk);
      if (line.includes(at)) {
        reached.add(at);
        then(socket);
      } else if (/^(EHLO|MAIL|RCPT)/.test(line)) socket.write(fine);
      else if (line.startsWith("DATA")) socket.write("354 go on\r\n");
    });
  };
}

const floods = (piece: string) => (socket: Socket) => flood(socket, piece);
const drips = (piece: string) => (socket: Socket) => drip(socket, piece);
const says = (words: string | Buffer) => (socket: Socket) => void socket.write(words);

const GARBAGE = "\u0016\u0003".repeat(9_000);
/** Pieces of an answer that never ends. */
const PIECES = { letters: "2", lines: "250-fine\r\n", "empty lines": "\r\n" };

interface Row {
  readonly name: string;
  /** What it was told last; undefined before the client has said anything. */
  readonly at?: string;
  readonly behave: Behaviour;
  /** What an operator reads of it. */
  readonly says?: string;
}

const endless: readonly Row[] = Object.entries(PIECES).map(([pieces, piece]) => ({
  name: `${pieces} without an end`,
  behave: floods(piece),
  says: "said too much",
}));

const greetings: readonly Row[] = [
  { name: "nothing, ever", behave: () => undefined },
  { name: "the end of the connection", behave: (socket) => void socket.end() },
  { name: "10 MiB", behave: says(`220 ${"x".repeat(10 * MEBIBYTE)}\r\n`) },
  { name: "no code", behave: says("hello\r\n") },
  { name: "line by line", behave: drips(PIECES.lines) },
  { name: "bytes", behave: says(Buffer.alloc(4_096, 0xff)) },
  ...endless,
];

const answers: readonly Row[] = ["EHLO", "STARTTLS", "MAIL", END].flatMap((at) =>
  [
    { name: "nothing, ever", behave: () => undefined },
    { name: "line by line", behave: drips(PIECES.lines), says: "not done in 60 s" },
    { name: "a reset", behave: (socket: Socket) => void socket.resetAndDestroy() },
    { name: "a code that is none", behave: says("999999 \0\r\n") },
    { name: "garbage in place of TLS", behave: says(`${at === END ? 450 : 220} go\r\n${GARBAGE}`) },
    ...endless,
  ].map((row) => ({ ...row, name: `${row.name}, to ${at.trim()}`, at })),
);

const rows = [...greetings, ...answers];
test.concurrent.each(rows)("a server that says $name: later again", async (row) => {
  const { at, behave, says: said = "" } = row;
  /** Where the server began to be hostile. */
  const reached = new Set<string>();
  const behaviour = at === undefined ? behave : until(at, behave, reached);
  await using server = await HostileServer.listen(behaviour);
  const route = new MailRoute({
    host: "127.0.0.1",
    port: server.port,
    isTls: false,
    user: undefined,
    password: undefined,
    from: "Cardlane <payments@cardlane.example>",
    unsubscribe: undefined,
    clock: hastyClock(() => at === undefined || reached.size > 0),
    silenceMsMax: SILENCE_MS_MAX,
  });
  const outcome = await route.send(DELIVERY).catch((error: unknown) => error);
  expect(outcome).toBeInstanceOf(RouteError);
  expect(outcome).toMatchObject({ isPermanent: false, message: expect.stringContaining(said) });
  expect([...reached]).toEqual(at === undefined ? [] : [at]);
  await server.deserted();
  expect(server.bytesTaken).toBeLessThan(32 * MEBIBYTE);
});
