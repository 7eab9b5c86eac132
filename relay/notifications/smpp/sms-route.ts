import { createHash } from "node:crypto";
import type { RelaySurroundings } from "../../relay-surroundings.ts";
import { type Delivery, type Route, RouteError } from "../route.ts";
import { type Delivered, submitBody } from "./messages.ts";
import { SmppError, type SmppPatience } from "./smpp-session.ts";
import { PATIENCE, type SmsCentre, SmsCentreLink } from "./sms-centre-link.ts";
import { smsParts } from "./sms-parts.ts";

/** What comes back from centres and phones. */
export interface SmsAnswers {
  /** A receipt for a message that this route, or an earlier run of it, has sent. */
  readonly onReceipt: (centre: string, messageId: string, state: string) => Promise<void>;
  /** Somebody answered: STOP. */
  readonly onOptOut: (address: string) => Promise<void>;
}

/** States of a receipt that say nothing final yet. */
const OPEN_STATES = ["ENROUTE", "ACCEPTD", "UNKNOWN", ""];

/** What a person may answer to be left in peace; the same words in every language we speak. */
const STOP_WORDS = ["STOP", "STOPALL", "UNSUBSCRIBE", "退订", "TD"];

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

  constructor(
    centres: readonly SmsCentre[],
    answers: SmsAnswers,
    around: Pick<RelaySurroundings, "clock" | "log" | "jitter">,
    patience: SmppPatience = PATIENCE,
  ) {
    this.#links = centres
      .toSorted((left, right) => right.prefix.length - left.prefix.length)
      .map((centre) => {
        const onDelivered = (delivered: Delivered) => deliver(centre, delivered, answers);
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

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#links.map(({ link }) => link[Symbol.asyncDispose]()));
  }
}

async function deliver(
  centre: SmsCentre,
  delivered: Delivered,
  { onReceipt, onOptOut }: SmsAnswers,
): Promise<void> {
  if (delivered.kind === "message") {
    const word = delivered.text.trim().toUpperCase();
    if (STOP_WORDS.includes(word)) await onOptOut(delivered.from);
    return;
  }
  if (OPEN_STATES.includes(delivered.state) || delivered.messageId === "") return;
  await onReceipt(centre.name, delivered.messageId, delivered.state);
}

/** The same for every attempt, so that parts of two attempts join. */
function referenceOf(id: string): number {
  return createHash("sha256").update(id).digest().readUInt8(0);
}

function routeErrorOf(error: unknown): RouteError {
  if (!(error instanceof SmppError)) return new RouteError("stopped", { isPermanent: false });
  const isPermanent = error.status !== undefined && PERMANENT.includes(error.status);
  return new RouteError(error.message, { isPermanent });
}
