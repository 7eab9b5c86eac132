import { expect, test } from "vitest";
import { ConfigError, readConfig } from "../../settings/read-config.ts";
import { AllowList } from "./notification-sender.ts";
import { NOTIFICATION_SETTINGS, strangersInReach } from "./notification-settings.ts";

const read = (environment: Record<string, string>) =>
  readConfig("relay", environment, NOTIFICATION_SETTINGS);

const longUrl = `https://:secretsecretsecret@b.example/${"x".repeat(500)}`;

test("without settings nothing is sent anywhere", () => {
  expect(read({})).toMatchObject({
    mailServer: undefined,
    smsCentres: undefined,
    allowed: undefined,
  });
});

test("servers are read with their credentials and usual ports", () => {
  const settings = read({
    CARDLANE_SMTP_URL: "smtps://relay:p%40ss@mail.example",
    CARDLANE_SMPP_ROUTES: "+43=smpp://id:pw@sms.example:2776, +=smpps://id:pw@world.example",
  });
  expect(settings).toMatchObject({
    mailServer: { host: "mail.example", port: 465, isTls: true, user: "relay", password: "p@ss" },
    smsCentres: [
      { prefix: "+43", host: "sms.example", port: 2776, isTls: false, systemId: "id" },
      { prefix: "+", name: "world.example:2775", isTls: true, password: "pw" },
    ],
  });
});

test("what is kept, and how to unsubscribe", () => {
  expect(read({})).toMatchObject({ keepDays: 90, unsubscribe: undefined });
  const settings = read({
    CARDLANE_KEEP_DAYS: "30",
    CARDLANE_UNSUBSCRIBE_URL: "https://:sixteen%2Bletters+@shop.example/stop?a=1",
  });
  expect(settings).toMatchObject({
    keepDays: 30,
    unsubscribe: { url: "https://shop.example/stop?a=1", key: "sixteen+letters+" },
  });
});

test.each([
  { name: "a mail server of another protocol", CARDLANE_SMTP_URL: "https://a:secret@b.example" },
  { name: "a mail server without host", CARDLANE_SMTP_URL: "secret" },
  { name: "an SMS route without prefix", CARDLANE_SMPP_ROUTES: "smpp://id:secret@b.example" },
  { name: "an SMS route by name", CARDLANE_SMPP_ROUTES: "AT=smpp://id:secret@b.example" },
  { name: "a sender that no phone shows", CARDLANE_SMS_FROM: "secret, and far too long" },
  {
    name: "unsubscribing in the clear",
    CARDLANE_UNSUBSCRIBE_URL: "http://:secretsecretsecret@b.c/",
  },
  {
    name: "unsubscribing with a short key",
    CARDLANE_UNSUBSCRIBE_URL: "https://:secret@b.example/",
  },
  { name: "unsubscribing far too long", CARDLANE_UNSUBSCRIBE_URL: longUrl },
  { name: "nothing kept", CARDLANE_KEEP_DAYS: "0" },
  { name: "no messages at all", CARDLANE_NOTIFY_PER_HOUR: "0" },
])("$name is refused, and no password quoted", ({ name: _name, ...environment }) => {
  expect(() => read(environment)).toThrow(ConfigError);
  expect(() => read(environment)).not.toThrow(/secret/);
});

test.each([
  { name: "a server far away", url: "smtp://mail.example", isProduction: false, starts: false },
  { name: "the same in production", url: "smtp://mail.example", isProduction: true, starts: true },
  { name: "one on this machine", url: "smtp://127.0.0.1:25", isProduction: false, starts: true },
])("without an allow-list $name", ({ url, isProduction, starts }) => {
  const settings = read({ CARDLANE_SMTP_URL: url });
  expect(strangersInReach(settings, isProduction) === undefined).toBe(starts);
  const allowed = { ...settings, allowed: ["*@shop.example"] };
  expect(strangersInReach(allowed, isProduction)).toBeUndefined();
});

test.each([
  { address: "Till@Shop.example", isAllowed: true },
  { address: "+12025550123", isAllowed: true },
  { address: "till@shop.example.evil.test", isAllowed: false },
  { address: "till@shopxexample", isAllowed: false },
  { address: "+12125550123", isAllowed: false },
])("the allow-list about $address: $isAllowed", ({ address, isAllowed }) => {
  expect(new AllowList(["*@shop.example", "+1202555*"]).allows(address)).toBe(isAllowed);
});
