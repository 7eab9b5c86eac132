import { request } from "node:http";
import { text } from "node:stream/consumers";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ProcessorService } from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { splitTarget } from "../client/backends.ts";
import { echoServer } from "../testing/echo-server.ts";
import { prefix, prefixed, rawSession } from "../testing/raw-call.ts";

const UNARY = `/${ProcessorService.typeName}/GetManifest`;
const BIDI = `/${ProcessorService.typeName}/Process`;

const ANSWERED = [
  { name: "localhost", host: "localhost:7403", fields: {} },
  { name: "LOCALHOST without a port", host: "LOCALHOST", fields: {} },
  { name: "another loopback address", host: "127.0.0.9:1", fields: {} },
  { name: "IPv6", host: "[::1]:7403", fields: {} },
  { name: "a person's browser", host: "127.0.0.1", fields: { "sec-fetch-site": "none" } },
];

const REFUSED = [
  { name: "a rebound name", host: "attacker.example", fields: {} },
  { name: "a rebound name with a port", host: "attacker.example:7403", fields: {} },
  { name: "a name that begins like ours", host: "localhost.attacker.example", fields: {} },
  { name: "an address that begins like ours", host: "127.0.0.1.attacker.example", fields: {} },
  { name: "an address of the network", host: "10.0.0.1", fields: {} },
  { name: "a page's origin", host: "localhost", fields: { origin: "https://attacker.example" } },
  { name: "an origin that is hidden", host: "localhost", fields: { origin: "null" } },
  { name: "an origin of this machine", host: "localhost", fields: { origin: "http://localhost" } },
  { name: "a page's picture", host: "localhost", fields: { "sec-fetch-site": "cross-site" } },
];

/** A request as any browser can make it: over HTTP/1.1, by Connect's GET or with JSON. */
async function asked(address: string, method: "GET" | "POST", headers: Record<string, string>) {
  const query = method === "GET" ? "?connect=v1&encoding=json&message=%7B%7D" : "";
  const { promise, resolve, reject } = Promise.withResolvers<import("node:http").IncomingMessage>();
  const path = `${UNARY}${query}`;
  const call = request({ ...splitTarget(address), method, path, headers }, resolve);
  call.on("error", reject).end(method === "POST" ? "{}" : undefined);
  const answer = await promise;
  return { status: answer.statusCode, headers: answer.headers, body: await text(answer) };
}

/** Over HTTP/2: a unary call, and a stream of the fast path. */
async function called(address: string, path: string, headers: Record<string, string>) {
  await using raw = rawSession(address);
  const call = raw.call({ ":path": path, ...headers });
  call.stream.end(path === BIDI ? prefixed() : prefix(0, 0));
  return [await call.status, call.reason()];
}

test.each(ANSWERED)("$name is answered", async ({ host, fields }) => {
  await using server = await echoServer();
  const json = { host, "content-type": "application/json", ...fields };
  expect(await asked(server.address, "POST", json)).toMatchObject({ status: 200, body: "{}" });
  expect(await asked(server.address, "GET", { host, ...fields })).toMatchObject({ status: 200 });
  const h2 = { ":authority": host, ...fields };
  expect(await called(server.address, UNARY, h2)).toEqual(["0", ""]);
  expect(await called(server.address, BIDI, h2)).toEqual(["0", ""]);
});

test.each(REFUSED)("$name is refused over each protocol", async ({ host, fields }) => {
  await using server = await echoServer();
  const json = { host, "content-type": "application/json", ...fields };
  const post = await asked(server.address, "POST", json);
  expect(post).toMatchObject({ status: 403 });
  expect(JSON.parse(post.body)).toMatchObject({
    code: "permission_denied",
    details: [{ debug: { reason: "NOT_PERMITTED", domain: "cardlane" } }],
  });
  expect(await asked(server.address, "GET", { host, ...fields })).toMatchObject({ status: 403 });
  const refused = [String(Code.PermissionDenied), "NOT_PERMITTED"];
  const h2 = { ":authority": host, ...fields };
  expect(await called(server.address, UNARY, h2)).toEqual(refused);
  expect(await called(server.address, BIDI, h2)).toEqual(refused);
  expect(server.calls).toEqual([]);
});

test("a page that asks without end bars nobody from this machine", async () => {
  await using server = await echoServer({ limits: { offenceRate: { perSecond: 1, burst: 3 } } });
  for (let time = 0; time < 10; time += 1) {
    expect(await called(server.address, BIDI, { ":authority": "attacker.example" })).toEqual([
      String(Code.PermissionDenied),
      "NOT_PERMITTED",
    ]);
  }
  expect(await called(server.address, UNARY, {})).toEqual(["0", ""]);
});

test("no answer is for the memory of a browser or a proxy", async () => {
  await using server = await echoServer();
  const host = { host: "localhost" };
  const json = { ...host, "content-type": "application/json" };
  const answers = [
    await asked(server.address, "GET", host),
    await asked(server.address, "POST", json),
    await asked(server.address, "POST", { ...json, host: "attacker.example" }),
    await asked(server.address, "POST", { ...host, "content-type": "text/plain" }),
  ];
  const kept = answers.map(({ status, headers }) => [status, headers["cache-control"]]);
  expect(kept).toEqual([200, 200, 403, 415].map((status) => [status, "no-store"]));
  await using raw = rawSession(server.address);
  const { stream } = raw.call();
  const fields = await new Promise((resolve) => stream.once("response", resolve));
  expect(fields).toMatchObject({ "cache-control": "no-store" });
});
