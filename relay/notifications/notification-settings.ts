import { isLoopback } from "../../mesh/loopback.ts";
import type { ConfigOf } from "../../settings/read-config.ts";
import {
  type Form,
  form,
  integer,
  SettingError,
  setting,
  text,
  texts,
} from "../../settings/setting.ts";
import type { MailRouteOptions, Unsubscribe } from "./mail-route.ts";
import type { SmsCentre } from "./smpp/sms-centre-link.ts";

const MAIL_PORT = 587;
const MAIL_TLS_PORT = 465;
const SMPP_PORT = 2775;
const SENDER_CHARACTERS_MAX = 11;
const KEY_CHARACTERS_MIN = 16;
/** With address and signature it must fit into one line of a mail (RFC 5322: 998). */
const UNSUBSCRIBE_CHARACTERS_MAX = 500;

type MailServer = Omit<MailRouteOptions, "from" | "unsubscribe" | "clock">;

/** What a relay needs to know to send notifications; without a route that channel is off. */
export const NOTIFICATION_SETTINGS = {
  mailServer: setting({
    name: "CARDLANE_SMTP_URL",
    reads: mailServer(),
    secret: true,
    unset: "no e-mail",
    says:
      "the mail server, `smtp://user:password@host:587` with STARTTLS, or `smtps://` for TLS " +
      "from the first byte. Beyond this machine the relay sends nothing without TLS.",
  }),
  mailFrom: setting({
    name: "CARDLANE_MAIL_FROM",
    reads: text,
    default: "Cardlane <payments@cardlane.example>",
    says: "the sender of e-mails.",
  }),
  smsCentres: setting({
    name: "CARDLANE_SMPP_ROUTES",
    reads: smsCentres(),
    secret: true,
    unset: "no SMS",
    says:
      "SMS centres by prefix, `+43=smpp://id:password@host:2775,+=smpps://…`. " +
      "The longest prefix counts.",
  }),
  smsFrom: setting({
    name: "CARDLANE_SMS_FROM",
    reads: form(
      `a number such as +12025550100, or up to ${SENDER_CHARACTERS_MAX} letters and digits`,
      smsSender,
    ),
    default: "cardlane",
    says: "the sender of SMS.",
  }),
  allowed: setting({
    name: "CARDLANE_NOTIFY_ONLY",
    reads: texts,
    unset: "everybody",
    says:
      "who may be written to, `*@shop.example,+1202555*`. Outside production a relay with a " +
      "server beyond this machine does not start without it.",
  }),
  unsubscribe: setting({
    name: "CARDLANE_UNSUBSCRIBE_URL",
    reads: unsubscribe(),
    secret: true,
    unset: "mails without `List-Unsubscribe`",
    says:
      "where a mail's reader unsubscribes, `https://:key@shop.example/stop` " +
      "([notifications.md](notifications.md)).",
  }),
  keepDays: setting({
    name: "CARDLANE_KEEP_DAYS",
    reads: integer({ min: 1, max: 36_500, unit: "days" }),
    default: "90",
    says: "how long the relay keeps notifications, events and finished webhook deliveries.",
  }),
  keepRecordsDays: setting({
    name: "CARDLANE_KEEP_RECORDS_DAYS",
    reads: integer({ min: 30, max: 36_500, unit: "days" }),
    unset: "for ever",
    says:
      "how long the relay keeps the record of a payment after its end; never shorter than " +
      "CARDLANE_KEEP_DAYS. A payment that comes back later is answered by the processor.",
  }),
  keepTombstonesDays: setting({
    name: "CARDLANE_KEEP_TOMBSTONES_DAYS",
    reads: integer({ min: 2, max: 36_500, unit: "days" }),
    default: "90",
    says: "how long the relay keeps ids that were cancelled before their payment came.",
  }),
  perHourMax: setting({
    name: "CARDLANE_NOTIFY_PER_HOUR",
    reads: integer({ min: 1, max: 1_000_000, unit: "messages" }),
    default: "3600",
    says: "most messages to one address in an hour. What is over it waits.",
  }),
};

export type NotificationSettings = ConfigOf<typeof NOTIFICATION_SETTINGS>;

/**
 * What must not be started: outside production a relay writes beyond this machine only to those who
 * are named, so that no trial ever reaches a stranger.
 *
 * @returns a problem for a person; undefined when all is well.
 */
export function strangersInReach(
  { mailServer, smsCentres = [], allowed }: NotificationSettings,
  isProduction: boolean,
): string | undefined {
  if (isProduction || allowed !== undefined) return undefined;
  const hosts = [mailServer, ...smsCentres].flatMap((server) => server?.host ?? []);
  const far = hosts.find((host) => !isLoopback(host));
  if (far === undefined) return undefined;
  const meaning = `who may be written to through ${far}`;
  return `CARDLANE_NOTIFY_ONLY must be set outside production: ${meaning}`;
}

/** "smtp://user:password@host:587", or "smtps:" for TLS from the first byte. */
function mailServer(): Form<MailServer> {
  return {
    expected: "a URL with smtp: or smtps://",
    parse(value) {
      const url = urlOf(value, ["smtp:", "smtps:"]);
      const isTls = url.protocol === "smtps:";
      return {
        host: hostOf(url),
        port: portOf(url, isTls ? MAIL_TLS_PORT : MAIL_PORT),
        isTls,
        user: url.username === "" ? undefined : decodeURIComponent(url.username),
        password: url.password === "" ? undefined : decodeURIComponent(url.password),
      };
    },
  };
}

/** "+43=smpp://id:password@host:2775, +=smpps://…": prefix and centre, separated by commas. */
function smsCentres(): Form<readonly Omit<SmsCentre, "from">[]> {
  return {
    expected: "prefix=URL pairs, separated by commas",
    parse: (value) => value.split(",").map((one) => smsCentre(one.trim())),
  };
}

function smsCentre(value: string): Omit<SmsCentre, "from"> {
  const [, prefix, address] = /^(\+\d{0,14})=(.+)$/.exec(value) ?? [];
  if (prefix === undefined || address === undefined) {
    throw new SettingError("must be prefix=URL pairs such as +43=smpp://id:password@host:2775");
  }
  const url = urlOf(address, ["smpp:", "smpps:"]);
  const host = hostOf(url);
  const port = portOf(url, SMPP_PORT);
  return {
    name: `${host}:${port}`,
    prefix,
    host,
    port,
    isTls: url.protocol === "smpps:",
    systemId: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
  };
}

function smsSender(value: string): string | undefined {
  const isName = value.length <= SENDER_CHARACTERS_MAX && /^[A-Za-z0-9 ]+$/.test(value);
  return isName || /^\+\d{5,15}$/.test(value) ? value : undefined;
}

/** "https://:key@shop.example/stop": where a mail's reader unsubscribes, and what it signs with. */
function unsubscribe(): Form<Unsubscribe> {
  return {
    expected: `a URL with https:// and a key of at least ${KEY_CHARACTERS_MIN} characters`,
    parse(value) {
      const url = urlOf(value, ["https:"]);
      const key = decodeURIComponent(url.password);
      if (value.length > UNSUBSCRIBE_CHARACTERS_MAX) {
        throw new SettingError(`must have at most ${UNSUBSCRIBE_CHARACTERS_MAX} characters`);
      }
      if (key.length < KEY_CHARACTERS_MIN) {
        throw new SettingError(`must have a key of at least ${KEY_CHARACTERS_MIN} characters`);
      }
      url.username = "";
      url.password = "";
      return { url: url.href, key };
    },
  };
}

/** A URL here has a password in it, so a message never quotes one. */
function urlOf(value: string, protocols: readonly string[]): URL {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !protocols.includes(url.protocol) || url.hostname === "") {
    throw new SettingError(`must be a URL with ${protocols.join(" or ")}//`);
  }
  return url;
}

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, "$1");
}

function portOf({ port }: URL, usual: number): number {
  return port === "" ? usual : Number(port);
}
