import { Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { whenHeard } from "./spoken-protocol.ts";

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

test.each([
  { name: "three bytes of a preface", pieces: ["PRI"], heard: [] },
  { name: "a preface but for its last byte", pieces: [PREFACE.slice(0, -1)], heard: [] },
  { name: "a preface", pieces: [PREFACE], heard: [true] },
  { name: "a preface byte by byte", pieces: [...PREFACE], heard: [true] },
  { name: "a preface and more", pieces: [`${PREFACE}more`], heard: [true] },
  { name: "a preface that goes wrong", pieces: ["PRI * HTTP/2.0\r\n\r\nxx"], heard: [false] },
  { name: "HTTP/1.1", pieces: ["GET / HTTP/1.1\r\n"], heard: [false] },
])("$name: a protocol is heard when it can be no other", async ({ pieces, heard }) => {
  const socket = new Socket();
  const told: boolean[] = [];
  whenHeard(socket, (isHttp2) => told.push(isHttp2));
  for (const piece of pieces) {
    socket.push(piece);
    await nextTurn();
  }
  expect(told).toEqual(heard);
  const bytes: unknown = heard.length > 0 ? socket.read() : null;
  expect(bytes === null ? null : String(bytes)).toBe(heard.length > 0 ? pieces.join("") : null);
  socket.destroy();
});
