import { createHash } from "node:crypto";
import { type Rate, RateLimits } from "../../../mesh/limits/rate-limits.ts";
import type { RelaySurroundings } from "../../relay-surroundings.ts";
import { languageOf } from "../language.ts";
import { type Delivery, type Route, RouteError } from "../route.ts";
import { answerMeant } from "./answer-words.ts";
import { type Delivered, submitBody } from "./messages.ts";
import { SmppError, type SmppPatience } from "./smpp-session.ts";
import { PATIENCE, type SmsCentre, SmsCentreLink } from "./sms-centre-link.ts";
import { smsParts } from "./sms-parts.ts";

/** What comes back from centres and phones. */
export interface SmsAnswers {
  /** A receipt for a message that this route, or an earlier run of it, has sent. */
  readonly onReceipt: (centre: string, messageId: string, state: string) => Promise<void>;
  /** Somebody answered STOP, or START. */
  readonly onOptOut: (address: string, isOptedOut: boolean) => Promise<void>;
}

/** States of a receipt that say nothing final yet. */
const OPEN_STATES = ["ENROUTE", "ACCEPTD", "UNKNOWN", ""];

/** Whoever asks for help is told once an hour: it may be a machine that answers every message. */
const HELP_RATE: Rate = { perSecond: 1 / 3_600, burst: 1 };

/**
 * Values of command_status that another attempt would get again: invalid length, addresses or types
 * of them (SMPP 3.4, section 5.1.3).
 */
const PERMANENT = [0x01, 0x0a, 0x0b, 0x33, 0x48, 0x49, 0x50, 0x51];

/**
 * SMS over SMPP 3.4, by the centre with the longest matching prefix. An answer that is lost on its
 * way leaves open whether that part was taken: it alone is sent again.
 */
export class SmsRoute implements Route {
  readonly channel = "SMS";
  readonly #links: readonly { readonly centre: SmsCentre; readonly link: SmsCentreLink }[];
  readonly #answers: SmsAnswers;
  readonly #helps: RateLimits;

  constructor(
    centres: readonly SmsCentre[],
    answers: SmsAnswers,
    around: Pick<RelaySurroundings, "clock" | "log" | "jitter">,
    patience: SmppPatience = PATIENCE,
  ) {
    this.#answers = answers;
    this.#helps = new RateLimits(HELP_RATE, around.clock);
    this.#links = centres
      .toSorted((left, right) => right.prefix.length - left.prefix.length)
      .map((centre) => {
        const onDelivered = (delivered: Delivered) => this.#deliver(centre, delivered);
        return { centre, link: new SmsCentreLink(centre, onDelivered, patience, around) };
      });
  }

  async send({ id, address, message, partsSent, onPartSent }: Delivery): Promise<void> {
    const found = this.#links.find(({ centre }) => address.startsWith(centre.prefix));
    if (found === undefined) {
      throw new RouteError("no SMS centre takes this country", { isPermanent: true });
    }
    const { centre, link } = found;
    const { parts, dataCoding, hasHeader } = smsParts(message.sms, referenceOf(id));
    const { from } = centre;
    for (const shortMessage of parts.slice(partsSent)) {
      const body = submitBody({ from, to: address, dataCoding, hasHeader, shortMessage });
      const messageId = await link.submit(body).catch((error: unknown) => {
        throw routeErrorOf(error);
      });
      await onPartSent(centre.name, messageId);
    }
  }

  async #deliver(centre: SmsCentre, delivered: Delivered): Promise<void> {
    const { onReceipt, onOptOut } = this.#answers;
    if (delivered.kind === "message") {
      const meant = answerMeant(delivered.text);
      if (meant === "help") this.#help(delivered.from, delivered.text);
      else if (meant !== undefined) await onOptOut(delivered.from, meant === "stop");
      return;
    }
    if (OPEN_STATES.includes(delivered.state) || delivered.messageId === "") return;
    await onReceipt(centre.name, delivered.messageId, delivered.state);
  }

  /** Nobody waits for it, and one that is lost is asked for again. */
  #help(address: string, asked: string): void {
    const found = this.#links.find(({ centre }) => address.startsWith(centre.prefix));
    if (found === undefined || !this.#helps.isWithin(address)) return;
    const { smsHelp } = languageOf(/\p{Script=Han}/u.test(asked) ? "zh" : "en");
    const { parts, dataCoding, hasHeader } = smsParts(smsHelp, 0);
    const { from } = found.centre;
    for (const shortMessage of parts) {
      const body = submitBody({ from, to: address, dataCoding, hasHeader, shortMessage });
      found.link.submit(body).catch(() => undefined);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#links.map(({ link }) => link[Symbol.asyncDispose]()));
  }
}

/** The same for every attempt, so that parts of two attempts join. */
function referenceOf(id: string): number {
  return createHash("sha256").update(id).digest().readUInt16BE(0);
}

function routeErrorOf(error: unknown): RouteError {
  if (!(error instanceof SmppError)) return new RouteError("stopped", { isPermanent: false });
  const isPermanent = error.status !== undefined && PERMANENT.includes(error.status);
  return new RouteError(error.message, { isPermanent });
}
