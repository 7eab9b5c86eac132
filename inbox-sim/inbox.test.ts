import { request } from "node:http";
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
