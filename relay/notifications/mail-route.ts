import { createHash, createHmac } from "node:crypto";
import { createTransport, type Transporter } from "nodemailer";
import type SMTPPool from "nodemailer/lib/smtp-pool/index.js";
import { isLoopback } from "../../mesh/loopback.ts";
import { addressKey } from "../registry/contact.ts";
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
  /** How long a server may be silent. */
  readonly silenceMsMax?: number;
}

const SILENCE_MS_MAX = 30_000;
/** Each is a TCP connection that the mail server has to bear. */
const CONNECTIONS_MAX = 2;

/**
 * E-mail over SMTP (RFC 5321). Beyond this machine nothing is sent without TLS.
 *
 * A connection that breaks after the last byte of a message and before the server's answer leaves
 * open whether the message was taken: it is sent again, with the same Message-ID.
 */
export class MailRoute implements Route {
  readonly channel = "EMAIL";
  readonly #options: MailRouteOptions;
  readonly #transport: Transporter<SMTPPool.SentMessageInfo>;

  constructor(options: MailRouteOptions) {
    this.#options = options;
    const silenceMsMax = options.silenceMsMax ?? SILENCE_MS_MAX;
    const { host, port, isTls, user, password, ca, isNameChecked = true } = options;
    this.#transport = createTransport({
      pool: true,
      maxConnections: CONNECTIONS_MAX,
      host,
      port,
      secure: isTls,
      requireTLS: !isTls && (options.isFar ?? !isLoopback(host)),
      ...(user === undefined ? {} : { auth: { user, pass: password ?? "" } }),
      tls: {
        ...(ca === undefined ? {} : { ca }),
        ...(isNameChecked ? {} : { checkServerIdentity: () => undefined }),
      },
      connectionTimeout: silenceMsMax,
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
    try {
      await this.#transport.sendMail({
        from,
        to: address,
        subject,
        text,
        html,
        messageId: messageIdOf(id, address, from),
        // Nobody's holiday answer is wanted (RFC 3834, section 5).
        headers: {
          "Auto-Submitted": "auto-generated",
          ...(unsubscribe === undefined ? {} : unsubscribeHeaders(unsubscribe, address)),
        },
      });
    } catch (error) {
      throw routeErrorOf(error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#transport.close();
  }
}

function messageIdOf(id: string, address: string, from: string): string {
  const digest = createHash("sha256").update(`${id}\n${address}`).digest("hex").slice(0, 32);
  const domain = /@([^\s<>]+)>?\s*$/.exec(from)?.[1] ?? "localhost";
  return `<${digest}@${domain}>`;
}

/** What nodemailer calls a refusal of the sender, the recipient or the message itself. */
const MESSAGE_REFUSED = ["EENVELOPE", "EMESSAGE"];

/**
 * A server says with 5xx that it will never take a message. Said of anything else, credentials or
 * STARTTLS, it is for the operator to put right, and the message can wait for that.
 */
function routeErrorOf(error: unknown): RouteError {
  const { code = "no answer", responseCode = 0 } = error as MailError;
  const isPermanent = responseCode >= 500 && MESSAGE_REFUSED.includes(code);
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
