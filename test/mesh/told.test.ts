import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { join } from "node:path";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { commandLine } from "../../cli/command-line.ts";
import { runCommand } from "../../cli/run-command.ts";
import { recordedIo } from "../../cli/testing/recorded-io.ts";
import { DEVELOPMENT_MESH } from "../../dev-mesh/development-keys.ts";
import { type InboxProcess, startInboxProcess } from "../../dev-mesh/inbox-process.ts";
import type { Mesh } from "../../dev-mesh/mesh-processes.ts";
import { silentProgress } from "../../dev-mesh/progress.ts";
import { PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { systemClock } from "../../mesh/clock.ts";
import { temporaryDirectory } from "../../mesh/testing/certificates.ts";
import { type MeshFixture, startTestMesh } from "./mesh-fixture.ts";
import { pay } from "./pay.ts";

const { APPROVED, REVERSED, REVERSING } = PaymentState;
const { terminalId } = DEVELOPMENT_MESH;

let home: Awaited<ReturnType<typeof temporaryDirectory>>;
let inbox: InboxProcess;
let fixture: MeshFixture;
let mesh: Mesh;

beforeAll(async () => {
  home = await temporaryDirectory();
  inbox = await startInboxProcess({
    dataDirectory: home.path,
    portBase: 0,
    clock: systemClock,
    progress: silentProgress,
  });
  const environment = { ...inbox.environment, CARDLANE_DEADLINE_MS: "2000" };
  fixture = await startTestMesh({ isTls: true, environment });
  mesh = fixture.mesh;
});

afterAll(async () => {
  await fixture?.[Symbol.asyncDispose]();
  await inbox?.[Symbol.asyncDispose]();
  await home?.[Symbol.asyncDispose]();
});

async function command(...words: readonly string[]) {
  return await commandOn(mesh.directory.path, words);
}

async function commandOn(directory: string, words: readonly string[]) {
  const io = recordedIo();
  const exitCode = await runCommand(io, commandLine, [...words, "--data-dir", directory]);
  return { exitCode, printed: io.printed.join("\n"), told: io.told.join("\n") };
}

interface Arrival {
  readonly channel: string;
  readonly to: string;
  readonly text: string;
}

/** What `cardlane inbox` shows, once it has something that says all of `words`. */
async function arrived(channel: string, words: readonly string[]): Promise<Arrival> {
  return await vi.waitFor(
    async () => {
      const { printed } = await commandOn(home.path, ["inbox", "--json"]);
      const arrivals: Arrival[] = printed.split("\n").map((line) => JSON.parse(line));
      const found = arrivals.find(
        (one) => one.channel === channel && words.every((word) => one.text.includes(word)),
      );
      if (found === undefined) throw new Error(`no ${channel} says ${words}`);
      return found;
    },
    { timeout: 20_000, interval: 200 },
  );
}

const written = (recordNumber: string) => recordNumber.replace(/(.{4})(.{4})(.{4})/, "$1-$2-$3");

test("terminals set: whom a terminal's results go to, and what is not named stays", async () => {
  const email = "owner@shop.example";
  expect((await command("terminals", "set", terminalId, "--email", email)).told).toBe(
    `Results go to +12025550123 and ${email}.`,
  );
  const refused = await command("terminals", "set", terminalId, "--phone", "12");
  expect(refused.exitCode).toBe(1);
  expect(refused.told).toMatch(/contact\.phone must be a telephone number/);
  const { printed } = await command("terminals", "list", "--json");
  expect(JSON.parse(printed).terminals).toMatchObject([
    { terminalId, contact: { email, phone: "+12025550123" } },
  ]);
  expect((await command("terminals")).printed).toContain(terminalId);
});

test("terminals add: by its certificate, and its contact with it", async () => {
  const certificate = join(mesh.directory.keysOf("terminal"), "certificate.json");
  const added = await command(
    ...["terminals", "add", certificate, "--currencies", "EUR, USD,GBP"],
    ...["--email", "till@shop.example", "--language", "de-AT", "--time-zone", "Europe/Vienna"],
  );
  expect(added).toMatchObject({ exitCode: 0, told: "The processor and the relay serve it now." });
  const { printed } = await command("terminals", "--json");
  expect(JSON.parse(printed).terminals[0].contact).toEqual({
    phone: "",
    email: "till@shop.example",
    language: "de-AT",
    timeZone: "Europe/Vienna",
  });
  const refused = ["terminals", "add", certificate, "--currencies", "EUR", "--email", "till"];
  expect((await command(...refused)).exitCode).toBe(1);
  const { printed: kept } = await command("terminals", "--json");
  expect(JSON.parse(kept).terminals[0].currencies).toEqual([978, 840, 826]);
  const none = await command("terminals", "add", join(home.path, "none.json"));
  expect(none.exitCode).toBe(1);
  expect(none.told).toMatch(/none\.json is not a terminal's certificate\.json/);
});

test("terminals set: with a phone again, in English", async () => {
  const words = ["--phone", "+12025550123", "--language", "en-GB"];
  const { told } = await command("terminals", "set", terminalId, ...words);
  expect(told).toBe("Results go to +12025550123 and till@shop.example.");
});

test("an approved payment, by mail and SMS; its sending is shown with its trace", async () => {
  const { report } = await pay(mesh);
  const number = written(report.recordNumber);
  expect(await arrived("EMAIL", ["Approved", "12.50", number])).toMatchObject({
    to: "till@shop.example",
  });
  expect(await arrived("SMS", ["Approved", "12.50", number])).toMatchObject({
    to: "+12025550123",
  });
  await vi.waitFor(
    async () => {
      const { printed } = await command("trace", number);
      expect(printed).toMatch(/^relay +notification\.send sms {2}after .* ms/m);
      expect(printed).toMatch(/^relay +notification\.send email {2}after .* ms/m);
    },
    { timeout: 10_000, interval: 200 },
  );
});

test("a payment without an answer: REVERSED, and a processor that comes back", async () => {
  mesh.program("processor").kill("SIGKILL");
  await mesh.program("processor").ended;
  const recorded = Promise.withResolvers<string>();
  const paying = pay(mesh, {
    amountMinor: 3_300n,
    onEvent: (event) => {
      if (event.case === "recorded") recorded.resolve(event.value.recordNumber);
    },
  });
  const number = await recorded.promise;
  const key = { case: "recordNumber", value: number } as const;
  const stateIs = async (state: PaymentState) => {
    const { payment } = await mesh.clients.relay.getPayment({ key });
    expect(payment?.state).toBe(state);
  };
  await vi.waitFor(() => stateIs(REVERSING), { timeout: 20_000, interval: 200 });
  await mesh.program("processor").restart();
  await paying;
  await stateIs(REVERSED);
  await arrived("EMAIL", ["Reversed", "33.00", written(number)]);
  await arrived("SMS", ["Reversed", "33.00", written(number)]);
});

test("receipt: to the cardholder who asks, once, in the language asked for", async () => {
  const { report } = await pay(mesh, { amountMinor: 4_400n });
  expect(report.state).toBe(APPROVED);
  const number = written(report.recordNumber);
  const ask = ["receipt", number, "--email", "guest@home.example", "--language", "zh-CN"];
  const asked = await command(...ask);
  expect(asked.exitCode).toBe(0);
  expect(asked.printed).toContain("guest@home.example");
  expect(await arrived("EMAIL", ["收据", "44.00", number])).toMatchObject({
    to: "guest@home.example",
  });
  await command(...ask);
  await command("receipt", number, "--phone", "+8613812345678", "--language", "zh-CN");
  expect(await arrived("SMS", ["44.00", number, "支付成功"])).toMatchObject({
    to: "+8613812345678",
  });
  const { printed } = await commandOn(home.path, ["inbox", "--json"]);
  expect(printed.split("guest@home.example")).toHaveLength(2);
});

test.each([
  { name: "to nobody", words: ["receipt", "A17K-2M9Q-X4T8"], says: /either --phone or --email/ },
  {
    name: "of a payment nobody knows",
    words: ["receipt", "0000-0000-0003", "--email", "a@b.example"],
    says: /./,
  },
])("a receipt $name is refused", async ({ words, says }) => {
  const { exitCode, told } = await command(...words);
  expect(exitCode).not.toBe(0);
  expect(told).toMatch(says);
});

test("notifications: stop, allow, list and resend", async () => {
  const address = "till@shop.example";
  expect((await command("notifications", "stop", address)).told).toMatch(/Nothing will be sent/);
  const { report } = await pay(mesh, { amountMinor: 5_500n });
  const number = written(report.recordNumber);
  const id = `${report.recordNumber}-APPROVED-EMAIL`;
  await vi.waitFor(
    async () => {
      const { printed } = await command("notifications", "--state", "suppressed");
      expect(printed).toMatch(new RegExp(`${number} .*${address} +suppressed.*${id}: opted out`));
    },
    { timeout: 20_000, interval: 200 },
  );
  expect((await command("notifications", "allow", address)).told).toBe("Allowed again.");
  const resent = await command("notifications", "resend", id);
  expect(resent).toMatchObject({ exitCode: 0, printed: expect.stringContaining("queued") });
  await arrived("EMAIL", [number]);
  const listed = await command("notifications", "list", "--json");
  expect(JSON.parse(listed.printed).notifications[0]).toMatchObject({
    id,
    channel: "NOTIFICATION_CHANNEL_EMAIL",
  });
});

test.each([
  { words: ["resend", "NONE-SMS"], says: /no notification has this id/ },
  { words: ["list", "--state", "lost"], says: /--state must be one of queued, sent/ },
  { words: ["stop", "nowhere"], says: /address must be a telephone number/ },
])("notifications $words is refused", async ({ words, says }) => {
  const { exitCode, told } = await command("notifications", ...words);
  expect(exitCode).not.toBe(0);
  expect(told).toMatch(says);
});

test("inbox: for people, with where to look", async () => {
  const { printed, told } = await commandOn(home.path, ["inbox"]);
  expect(printed).toMatch(/^EMAIL to till@shop\.example, /m);
  expect(printed).toMatch(/^SMS to \+12025550123, /m);
  expect(told).toMatch(/^\d+ arrived; as they look: http:\/\/127\.0\.0\.1:\d+$/);
  const nothing = await commandOn(join(home.path, "elsewhere"), ["inbox"]);
  expect(nothing.exitCode).toBe(1);
  expect(nothing.told).toMatch(/no inbox runs on .*elsewhere: start it with npm start/);
});

test("webhooks: add, list, redeliver and remove", async () => {
  await using receiver = await startReceiver();
  const added = await command("webhooks", "add", receiver.url);
  const [id = "", secret = ""] = added.printed.split("  ");
  expect(added.told).toBe("The secret is not shown again.");
  await pay(mesh);
  await vi.waitFor(() => expect(receiver.bodies).toHaveLength(2), { timeout: 20_000 });
  const [body, headers] = receiver.bodies[1] ?? ["", {}];
  expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toMatchObject({
    type: "payment.approved",
  });
  const listed = await command("webhooks");
  expect(listed.printed).toMatch(new RegExp(`^${id} +${receiver.url} +all +\\d+ +0`, "m"));
  expect((await command("webhooks", "redeliver", id)).told).toMatch(/^\d+ events are delivered/);
  await vi.waitFor(() => expect(receiver.bodies.length).toBeGreaterThan(2), { timeout: 20_000 });
  await command("webhooks", "remove", id);
  expect((await command("webhooks", "list", "--json")).printed).not.toContain(id);
});

test.each([
  { words: ["add", "http://shop.example/hook"], says: /url must be an https URL/ },
  { words: ["redeliver", "wh_0"], says: /id must be the id of a webhook/ },
  { words: ["redeliver", "wh_0", "--after", "-1"], says: /./ },
])("webhooks $words is refused", async ({ words, says }) => {
  const { exitCode, told } = await command("webhooks", ...words);
  expect(exitCode).not.toBe(0);
  expect(told).toMatch(says);
});

async function startReceiver() {
  const bodies: (readonly [string, IncomingHttpHeaders])[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    bodies.push([body, request.headers]);
    response.writeHead(204).end();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not a TCP address");
  return {
    url: `http://127.0.0.1:${address.port}/hook`,
    bodies,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}
