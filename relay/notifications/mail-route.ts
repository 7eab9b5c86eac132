import { createHash, createHmac } from "node:crypto";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createTransport, type Transporter } from "nodemailer";
import type SMTPTransport from "nodemailer/lib/smtp-transport/index.js";
import type { Clock } from "../../mesh/clock.ts";
import { isLoopback } from "../../mesh/loopback.ts";
import { addressKey } from "../registry/contact.ts";
import { BoundedLine, SaidTooMuch } from "./bounded-line.ts";
import { type Delivery, type Route, RouteError } from "./route.ts";

export interface MailRouteOptions {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte (port 465). Otherwise STARTTLS. */
  readonly isTls: boolean;
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** "payments@relay.example" or "Payments <payments@relay.example>" */
  readonly from: string;
  /** Undefined: mails do not say how to end them. */
  readonly unsubscribe: Unsubscribe | undefined;
  /** PEM of the only authority to trust; undefined for those that Node trusts. */
  readonly ca?: string | undefined;
  /** False where the name in its certificate is not the one it is reached by. */
  readonly isNameChecked?: boolean;
  /** Whether the server is beyond this machine; by its address otherwise. */
  readonly isFar?: boolean;
  readonly clock: Clock;
  /** How long a server may be silent. */
  readonly silenceMsMax?: number;
}

const SILENCE_MS_MAX = 30_000;
/** In one connection; with TLS and long greetings a server says some ten thousand. */
const SAID_BYTES_MAX = 262_144;
/** For all of a message: a server that drips its answers is never silent. */
const SEND_MS_MAX = 60_000;

/**
 * E-mail over SMTP (RFC 5321). Beyond this machine nothing is sent without TLS. Each message has a
 * connection of its own, which ends with it: an idle one would be there for the server to flood.
 *
 * A connection that breaks after the last byte of a message and before the server's answer leaves
 * open whether the message was taken: it is sent again, with the same Message-ID.
 */
export class MailRoute implements Route {
  readonly channel = "EMAIL";
  readonly #options: MailRouteOptions;
  readonly #transport: Transporter<SMTPTransport.SentMessageInfo>;

  constructor(options: MailRouteOptions) {
    this.#options = options;
    const silenceMsMax = options.silenceMsMax ?? SILENCE_MS_MAX;
    const { host, port, isTls, user, password, ca, isNameChecked = true } = options;
    this.#transport = createTransport({
      host,
      port,
      getSocket: (_, done) => openLine(options, done),
      secure: isTls,
      requireTLS: !isTls && (options.isFar ?? !isLoopback(host)),
      ...(user === undefined ? {} : { auth: { user, pass: password ?? "" } }),
      tls: {
        ...(ca === undefined ? {} : { ca }),
        ...(isNameChecked ? {} : { checkServerIdentity: () => undefined }),
      },
      greetingTimeout: silenceMsMax,
      socketTimeout: silenceMsMax,
      // A message is what we say it is: no files, no addresses fetched.
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  }

  async send({ id, address, message }: Delivery): Promise<void> {
    const { from, unsubscribe } = this.#options;
    const { subject, text, html } = message;
    const late = new AbortController();
    using _patience = this.#options.clock.timer(SEND_MS_MAX, () => late.abort());
    try {
      await this.#transport.sendMail({
        from,
        to: address,
        subject,
        text,
        html,
        signal: late.signal,
        messageId: messageIdOf(id, address, from),
        // Nobody's holiday answer is wanted (RFC 3834, section 5).
        headers: {
          "Auto-Submitted": "auto-generated",
          ...(unsubscribe === undefined ? {} : unsubscribeHeaders(unsubscribe, address)),
        },
      });
    } catch (error) {
      throw late.signal.aborted ? TOO_SLOW : routeErrorOf(error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#transport.close();
  }
}

/** nodemailer keeps each line that it has not looked at: how many there may be is said here. */
function openLine(
  { host, port, clock, silenceMsMax = SILENCE_MS_MAX }: MailRouteOptions,
  done: (error: Error | null, opened: { connection: Socket } | false) => void,
): void {
  const socket = connect({ host, port });
  const fail = (error: Error) => {
    patience.cancel();
    socket.destroy();
    done(error, false);
  };
  const notReached = Object.assign(new Error("not reached"), { code: "ETIMEDOUT" });
  const patience = clock.timer(silenceMsMax, () => fail(notReached));
  socket.once("error", fail).once("connect", () => {
    patience.cancel();
    socket.off("error", fail);
    // All that nodemailer and Node.js's TLS ask of a socket, a stream with a timeout has.
    done(null, { connection: new BoundedLine(socket, SAID_BYTES_MAX) as Duplex as Socket });
  });
}

function messageIdOf(id: string, address: string, from: string): string {
  const digest = createHash("sha256").update(`${id}\n${address}`).digest("hex").slice(0, 32);
  const domain = /@([^\s<>]+)>?\s*$/.exec(from)?.[1] ?? "localhost";
  return `<${digest}@${domain}>`;
}

const TOO_SLOW = new RouteError(`mail server: not done in ${SEND_MS_MAX / 1_000} s`, {
  isPermanent: false,
});

/** What nodemailer calls a refusal of the sender, the recipient or the message itself. */
const MESSAGE_REFUSED = ["EENVELOPE", "EMESSAGE"];

/**
 * A server says with 5xx that it will never take a message. Said of anything else, credentials or
 * STARTTLS, it is for the operator to put right, and the message can wait for that.
 */
function routeErrorOf(error: unknown): RouteError {
  if (error instanceof SaidTooMuch) {
    return new RouteError("mail server: it said too much", { isPermanent: false });
  }
  const { code = "no answer", responseCode = 0 } = error as MailError;
  const isRefused = responseCode >= 500 && responseCode <= 599;
  const isPermanent = isRefused && MESSAGE_REFUSED.includes(code);
  const what = responseCode > 0 ? `answered ${responseCode}` : code;
  return new RouteError(`mail server: ${what}`, { isPermanent });
}

interface MailError {
  readonly code?: string;
  readonly responseCode?: number;
}

/** A page of the operator's, which puts an address on the list of those who want nothing more. */
export interface Unsubscribe {
  /** "https://shop.example/stop" */
  readonly url: string;
  /** Known to that page and to the relay alone. */
  readonly key: string;
}

/**
 * Headers by which a mail program offers to unsubscribe with one click (RFC 2369, RFC 8058). The
 * address is signed, so that nobody can put somebody else on the list: `signature` is HMAC-SHA-256
 * over the address in lower case, in base64url.
 */
function unsubscribeHeaders({ url, key }: Unsubscribe, address: string) {
  const target = new URL(url);
  const signed = addressKey(address);
  target.searchParams.set("address", signed);
  target.searchParams.set(
    "signature",
    createHmac("sha256", key).update(signed).digest("base64url"),
  );
  return {
    // In one line: there are mail programs that do not find a URL on the next one.
    "List-Unsubscribe": { prepared: true, foldLines: false, value: `<${target.href}>` },
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
  };
}
