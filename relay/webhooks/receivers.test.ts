import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { InsideAddress, networksIn, Receivers } from "./receivers.ts";
import { postTo, retryAfterMs } from "./webhook-post.ts";

const INSIDE = "must lead to the public internet";
const NO_URL = "must be an https URL without password";

/** What a name stands for; a name that is missing stands for nothing. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  "shop.example": ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"],
  "inside.example": ["10.0.0.7"],
  "both.example": ["93.184.215.14", "127.0.0.1"],
  "metadata.example": ["169.254.169.254"],
  "mapped.example": ["::ffff:10.0.0.1"],
  localhost: ["127.0.0.1", "::1"],
};

function receivers(networks: readonly string[] = [], names = NAMES): Receivers {
  return new Receivers(networksIn(networks), (host, done) => {
    const found = (names[host] ?? []).map((address) => ({
      address,
      family: address.includes(":") ? 6 : 4,
    }));
    done(found.length === 0 ? new Error("ENOTFOUND") : null, found);
  });
}

test.each([
  "https://shop.example/hook",
  "https://shop.example:8443/hook",
  "https://shop.example:8443/hook?token=1",
  "https://93.184.215.14/",
  "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/",
  "https://tomorrow.example/hook",
])("%s may be a webhook", async (url) => {
  expect(await receivers().problemOf(url)).toBeUndefined();
});

test.each([
  ["https://127.0.0.1/", INSIDE],
  ["https://127.1/", INSIDE],
  ["https://2130706433/", INSIDE],
  ["https://0x7f.1/", INSIDE],
  ["https://0/", INSIDE],
  ["https://localhost/", INSIDE],
  ["https://10.0.0.1/", INSIDE],
  ["https://172.16.0.1/", INSIDE],
  ["https://172.31.255.254/", INSIDE],
  ["https://192.168.1.1/", INSIDE],
  ["https://100.64.0.1/", INSIDE],
  ["https://169.254.169.254/latest/meta-data/", INSIDE],
  ["https://168.63.129.16/", INSIDE],
  ["https://224.0.0.1/", INSIDE],
  ["https://255.255.255.255/", INSIDE],
  ["https://[::1]/", INSIDE],
  ["https://[::]/", INSIDE],
  ["https://[::ffff:127.0.0.1]/", INSIDE],
  ["https://[::ffff:a00:1]/", INSIDE],
  ["https://[64:ff9b::a00:1]/", INSIDE],
  ["https://[2002:a00:1::]/", INSIDE],
  ["https://[2001:0:a00:1::]/", INSIDE],
  ["https://[fe80::1]/", INSIDE],
  ["https://[fd00:ec2::254]/", INSIDE],
  ["https://[ff02::1]/", INSIDE],
  ["https://inside.example/", INSIDE],
  ["https://both.example/", INSIDE],
  ["https://metadata.example/", INSIDE],
  ["https://mapped.example/", INSIDE],
  ["https://shop.example:22/", "must have a port that speaks HTTP, got 22"],
  ["https://shop.example:0/", "must have a port that speaks HTTP, got 0"],
  ["https://shop.example:6000/", "must have a port that speaks HTTP, got 6000"],
  ["http://shop.example/", NO_URL],
  ["http://127.0.0.1:8080/", NO_URL],
  ["http://localhost:8080/", NO_URL],
  ["https://a:b@shop.example/", NO_URL],
  ["file:///etc/hosts", NO_URL],
  ["hook", NO_URL],
  [`https://shop.example/${"x".repeat(2_000)}`, NO_URL],
])("%s may not: %s", async (url, problem) => {
  expect(await receivers().problemOf(url)).toBe(problem);
});

test.each([
  { url: "https://inside.example/", networks: ["10.0.0.0/24"], problem: undefined },
  { url: "https://inside.example/", networks: ["10.1.0.0/16"], problem: INSIDE },
  { url: "http://localhost:8080/", networks: ["127.0.0.0/8", "::1/128"], problem: undefined },
  { url: "http://inside.example/", networks: ["10.0.0.0/24"], problem: NO_URL },
])("with $networks named, $url: $problem", async ({ url, networks, problem }) => {
  expect(await receivers(networks).problemOf(url)).toBe(problem);
});

test.each(["10.0.0.0", "10.0.0.0/33", "::1/129", "10.0.0/8", "shop.example/8", "10.0.0.0/8/8", ""])(
  "%j is no network",
  (text) => {
    expect(networksIn([text])).toBeUndefined();
  },
);

/** Notes the name that it was asked under. */
async function listener() {
  const hosts: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    hosts.push(request.headers.host);
    response.writeHead(503, { "retry-after": "7" }).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    hosts,
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

const MESSAGE = { headers: {}, body: "{}", signal: new AbortController().signal };

test("the address that was looked at is connected to, under the name", async () => {
  await using receiver = await listener();
  const names = { "shop.example": ["127.0.0.1"] };
  const url = new URL(`http://shop.example:${receiver.port}/`);
  const answer = await postTo(receivers(["127.0.0.1/32"], names), url, MESSAGE);
  expect(answer).toEqual({ status: 503, retryAfter: "7" });
  expect(receiver.hosts).toEqual([`shop.example:${receiver.port}`]);
});

test("a name that stood for a shop when it was added, and now for this machine", async () => {
  await using receiver = await listener();
  const names: Record<string, readonly string[]> = { "shop.example": ["93.184.215.14"] };
  const rebound = receivers([], names);
  expect(await rebound.problemOf("https://shop.example/")).toBeUndefined();
  names["shop.example"] = ["127.0.0.1"];
  for (const host of ["shop.example", "127.0.0.1", "[::1]"]) {
    const post = async () =>
      await postTo(rebound, new URL(`http://${host}:${receiver.port}/`), MESSAGE);
    await expect(post()).rejects.toThrow(InsideAddress);
  }
  expect(receiver.hosts).toEqual([]);
});

const NOW = Date.parse("Sun, 01 Mar 2026 12:00:00 GMT");

test.each([
  ["120", 120_000],
  ["Sun, 01 Mar 2026 12:01:00 GMT", 60_000],
  ["999999999", 86_400_000],
  ["Mon, 01 Mar 2027 12:00:00 GMT", 86_400_000],
  ["0", undefined],
  ["-1", undefined],
  ["1.5", undefined],
  ["Sun, 01 Mar 2026 11:59:59 GMT", undefined],
  ["Xyz, 99 Abc 2026 99:99:99 GMT", undefined],
  ["soon", undefined],
  ["", undefined],
  [undefined, undefined],
] as const)("Retry-After: %s is %s ms", (text, ms) => {
  expect(retryAfterMs(text, NOW)).toBe(ms);
});
