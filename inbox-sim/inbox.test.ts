import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { createTransport } from "nodemailer";
import { expect, test } from "vitest";
import { startTestInbox } from "../test/fixtures/notification-bed.ts";

const HOSTILE = "<script>alert(1)</script>";

async function inboxWithMail() {
  const inbox = await startTestInbox();
  const [host, port] = inbox.doors.smtp.split(":");
  const transport = createTransport({ host: host ?? "", port: Number(port) });
  const from = "relay@cardlane.example";
  const html = `<p>rendered</p>${HOSTILE}`;
  await transport.sendMail({ from, to: "a@shop.example", subject: HOSTILE, text: "plain", html });
  return inbox;
}

test("a unit that ends before its message is refused, and the SMS centre goes on", async () => {
  await using inbox = await startTestInbox();
  const [host = "", port] = inbox.doors.smpp.split(":");
  const socket = connect({ host, port: Number(port) });
  const headOfSubmit = Buffer.from("00000010000000040000000000000007", "hex");
  socket.write(headOfSubmit);
  const [answer] = (await once(socket, "data")) as [Buffer];
  const [submitResponse, invalidLength, sequence] = [0x8000_0004, 1, 7];
  expect([4, 8, 12].map((at) => answer.readUInt32BE(at))).toEqual([
    submitResponse,
    invalidLength,
    sequence,
  ]);
  socket.destroy();
});

/** Status, body and content-security-policy. */
function get(address: string, path: string, host = address): Promise<[number, string, string]> {
  const port = Number(address.split(":")[1]);
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, path, headers: { host } };
    const sent = request(options, async (response) => {
      let body = "";
      for await (const chunk of response) body += chunk;
      const policy = String(response.headers["content-security-policy"]);
      resolve([response.statusCode ?? 0, body, policy]);
    });
    sent.on("error", reject);
    sent.end();
  });
}

test("the page shows a mail in a frame in which nothing runs", async () => {
  await using inbox = await inboxWithMail();
  const [status, page] = await get(inbox.address, "/");
  expect(status).toBe(200);
  expect(page).toContain('<iframe sandbox title="mail 1" src="/mail/1">');
  expect(page).not.toContain(HOSTILE);
  const [, mail, policy] = await get(inbox.address, "/mail/1");
  expect(mail).toContain("<p>rendered</p>");
  expect(policy).toContain("default-src 'none'");
});

test.each([
  { name: "a mail that is not there", path: "/mail/7", host: undefined, status: 404 },
  { name: "another name for this machine", path: "/", host: "evil.example", status: 403 },
])("$name is refused", async ({ path, host, status }) => {
  await using inbox = await inboxWithMail();
  const [answered] = await get(inbox.address, path, host ?? inbox.address);
  expect(answered).toBe(status);
});
