import type { DescMethod } from "@bufbuild/protobuf";
import type { Dice } from "../../chaos/dice.ts";
import { lengthPrefixed, pathOf } from "../wire/grpc-calls.ts";
import { garbage, length, pickWeighted } from "./chance.ts";
import { messageBytes } from "./message-bytes.ts";

const CONTENT_TYPES = [
  "application/json",
  "application/proto",
  "application/grpc-web+proto",
  "application/connect+proto",
  "application/grpc",
];
const ODD_LINES = [
  "Expect: 100-continue",
  "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__",
  "Upgrade: websocket\r\nConnection: Upgrade",
  "Transfer-Encoding: chunked",
  "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
  "Content-Length: 5\r\nContent-Length: 6",
  "Content-Length: -1",
  "Content-Length: 99999999999",
  "Connect-Timeout-Ms: 0",
  "Host: elsewhere.example",
  " folded: line",
  "no colon",
  ": nameless",
  `Long: ${"v".repeat(20_000)}`,
];

/** Requests of HTTP/1.1, or what looks like them from afar. */
export function http1Script(dice: Dice, methods: readonly DescMethod[]): Buffer[] {
  return Array.from({ length: dice.between(1, 3) }, () => request(dice, methods)).flat();
}

function request(dice: Dice, methods: readonly DescMethod[]): Buffer[] {
  const method = methods.length === 0 ? undefined : dice.pick(methods);
  const known = method === undefined ? "/arrivals.json" : pathOf(method);
  const path = dice.happens(0.8)
    ? known
    : dice.pick(["/", "*", "/mail/1", "//", "/%", "http://x/"]);
  const query = dice.happens(0.1) ? "?encoding=json&message=%7b%7d&base64=1&connect=v1" : "";
  const verb = dice.pick([
    "POST",
    "POST",
    "POST",
    "GET",
    "PUT",
    "HEAD",
    "OPTIONS",
    "PRI",
    "CONNECT",
  ]);
  const body = bodyOf(dice, method);
  const lines = [
    `${verb} ${path}${query} HTTP/${dice.pick(["1.1", "1.1", "1.1", "1.0", "2.0", "9.9"])}`,
    ...(dice.happens(0.9) ? ["Host: localhost"] : []),
    `Content-Type: ${dice.pick(CONTENT_TYPES)}`,
    ...(dice.happens(0.7) ? [`Content-Length: ${body.byteLength}`] : []),
    ...(dice.happens(0.4) ? [dice.pick(ODD_LINES)] : []),
  ];
  const head = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  const cut = dice.happens(0.15) ? dice.between(1, head.byteLength) : head.byteLength;
  return [head.subarray(0, cut), body];
}

function bodyOf(dice: Dice, method: DescMethod | undefined): Buffer {
  const message = method === undefined ? Buffer.alloc(0) : messageBytes(method.input, dice);
  return pickWeighted<() => Buffer>(dice, [
    [3, () => message],
    [2, () => lengthPrefixed(message)],
    [2, () => Buffer.from(dice.pick(["{}", "[", "null", '{"paymentId":1}', '{"a":"\\ud800"}']))],
    [1, () => Buffer.from("5\r\nhello\r\nffffffffffffffff\r\n")],
    [1, () => garbage(dice, length(dice))],
  ])();
}
