import {
  type ConfigOf,
  integer,
  optional,
  type Setting,
  SettingError,
  text,
  withDefault,
} from "../../mesh/config.ts";
import { isLoopback, type MailRouteOptions } from "./mail-route.ts";
import type { SmsCentre } from "./smpp/sms-centre-link.ts";
import type { Unsubscribe } from "./unsubscribe.ts";

const MAIL_PORT = 587;
const MAIL_TLS_PORT = 465;
const SMPP_PORT = 2775;
const SENDER_CHARACTERS_MAX = 11;
const UNSUBSCRIBE_KEY_CHARACTERS_MIN = 16;
/** With address and signature it must fit into one line of a mail (RFC 5322: 998). */
const UNSUBSCRIBE_CHARACTERS_MAX = 500;

type MailServer = Omit<MailRouteOptions, "from" | "unsubscribe">;

/** What a relay needs to know to send notifications; without a route that channel is off. */
export const NOTIFICATION_SETTINGS = {
  mailServer: optional(mailServer("CARDLANE_SMTP_URL")),
  mailFrom: withDefault(
    text("CARDLANE_MAIL_FROM", "the sender of e-mails"),
    "Cardlane <payments@cardlane.example>",
  ),
  smsCentres: withDefault(smsCentres("CARDLANE_SMPP_ROUTES"), []),
  smsFrom: withDefault(smsSender("CARDLANE_SMS_FROM"), "cardlane"),
  allowed: optional(patterns("CARDLANE_NOTIFY_ONLY")),
  unsubscribe: optional(unsubscribe("CARDLANE_UNSUBSCRIBE_URL")),
  keepDays: withDefault(
    integer("CARDLANE_KEEP_DAYS", "days that notifications and events are kept", {
      min: 1,
      max: 36_500,
    }),
    90,
  ),
  perHourMax: withDefault(
    integer("CARDLANE_NOTIFY_PER_HOUR", "most messages to one address in an hour", {
      min: 1,
      max: 1_000_000,
    }),
    3_600,
  ),
};

export type NotificationSettings = ConfigOf<typeof NOTIFICATION_SETTINGS>;

/**
 * What must not be started: outside production a relay writes beyond this machine only to those who
 * are named, so that no trial ever reaches a stranger.
 *
 * @returns a problem for a person; undefined when all is well.
 */
export function strangersInReach(
  { mailServer, smsCentres, allowed }: NotificationSettings,
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
function mailServer(variable: string): Setting<MailServer> {
  return {
    variable,
    meaning: "the mail server, smtp://user:password@host:port",
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
function smsCentres(variable: string): Setting<readonly Omit<SmsCentre, "from">[]> {
  return {
    variable,
    meaning: "the SMS centres by prefix, +43=smpp://id:password@host:port,…",
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

function smsSender(variable: string): Setting<string> {
  return {
    variable,
    meaning: "the sender of SMS, a number or a name",
    parse(value) {
      const isName = value.length <= SENDER_CHARACTERS_MAX && /^[A-Za-z0-9 ]+$/.test(value);
      if (isName || /^\+\d{5,15}$/.test(value)) return value;
      throw new SettingError(
        "must be a number such as +12025550100, or up to 11 letters and digits",
      );
    },
  };
}

/** "https://:key@shop.example/stop": where a mail's reader unsubscribes, and what it signs with. */
function unsubscribe(variable: string): Setting<Unsubscribe> {
  return {
    variable,
    meaning: "where mail programs unsubscribe, https://:key@host/path",
    parse(value) {
      const url = urlOf(value, ["https:"]);
      const key = decodeURIComponent(url.password);
      if (value.length > UNSUBSCRIBE_CHARACTERS_MAX) {
        throw new SettingError(`must have at most ${UNSUBSCRIBE_CHARACTERS_MAX} characters`);
      }
      if (key.length < UNSUBSCRIBE_KEY_CHARACTERS_MIN) {
        throw new SettingError(
          `must have a key of at least ${UNSUBSCRIBE_KEY_CHARACTERS_MIN} characters`,
        );
      }
      url.username = "";
      url.password = "";
      return { url: url.href, key };
    },
  };
}

function patterns(variable: string): Setting<readonly string[]> {
  return {
    variable,
    meaning: "who may be written to: *@shop.example,+1202555*",
    parse: (value) => value.split(",").map((one) => one.trim()),
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
