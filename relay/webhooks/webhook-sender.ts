import { createHmac } from "node:crypto";
import { Certainty } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { Clock } from "../../mesh/clock.ts";
import { enumName } from "../../payment/enum-name.ts";
import { type CurrencyCode, currencyLetters } from "../../payment/money.ts";
import { certaintyOf, endOf, type StateName } from "../../payment/states.ts";
import type { DeliveryKey, DueDelivery, WebhookStore } from "./webhook-store.ts";

/** A receiver that has not answered by then is tried again later. */
const ANSWER_MS_MAX = 15_000;

/** A receiver did not take an event; the queue tries again. */
class WebhookNotTaken extends Error {
  override readonly name = "WebhookNotTaken";
}

/** Delivers the events of one record to one webhook, the oldest first. */
export class WebhookSender {
  readonly #store: WebhookStore;
  readonly #clock: Clock;

  constructor(store: WebhookStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * Until nothing waits. An event that is not taken holds back those behind it.
   *
   * @throws WebhookNotTaken
   */
  async deliver(key: DeliveryKey): Promise<void> {
    const { webhookId, recordNumber } = key;
    let due = await this.#store.nextDue(key);
    while (due !== undefined) {
      const refusal = await this.#post(due, `${webhookId}_${due.sequence}`, recordNumber);
      if (refusal !== undefined) {
        await this.#store.markFailed(webhookId, due.sequence, refusal);
        throw new WebhookNotTaken(refusal);
      }
      await this.#store.markDelivered(webhookId, due.sequence);
      due = await this.#store.nextDue(key);
    }
  }

  /** @returns why it was not taken. */
  async #post(due: DueDelivery, id: string, recordNumber: string): Promise<string | undefined> {
    const body = bodyOf(due, recordNumber);
    const late = new AbortController();
    using _patience = this.#clock.timer(ANSWER_MS_MAX, () => late.abort());
    try {
      const response = await fetch(due.url, {
        method: "POST",
        body,
        headers: {
          "content-type": "application/json",
          ...webhookHeaders(due.secret, id, this.#clock.nowMs(), body),
        },
        // A signed message goes where the operator said, and nowhere else.
        redirect: "manual",
        signal: late.signal,
      });
      await response.body?.cancel();
      return response.ok ? undefined : `the receiver answered ${response.status}`;
    } catch {
      return late.signal.aborted ? "the receiver did not answer" : "the receiver was not reached";
    }
  }
}

/** What a receiver learns; amounts are minor units as text, which no JSON parser rounds. */
function bodyOf(due: DueDelivery, recordNumber: string): string {
  const state = due.state as StateName;
  const { response_code: responseCode, fault_code: faultCode } = due;
  const { certainty } = endOf({ state, responseCode, faultCode });
  // Who reads the type alone must not take for an end what is none.
  const isNoEnd = certainty !== certaintyOf(state);
  return JSON.stringify({
    type: `payment.${isNoEnd ? "unknown" : state.toLowerCase()}`,
    timestamp: due.changed_at.toISOString(),
    data: {
      sequence: due.sequence,
      recordNumber,
      paymentId: due.payment_id,
      kind: due.kind,
      state,
      certainty: enumName(Certainty, certainty),
      merchantId: due.merchant_id,
      terminalId: due.terminal_id,
      totalMinor: due.total_minor,
      approvedAmountMinor: due.approved_amount_minor,
      currency: due.currency === 0 ? "" : currencyLetters(due.currency as CurrencyCode),
      responseCode,
      faultCode: faultCode ?? "",
      scheme: due.scheme,
      lastFour: due.last_four,
    },
  });
}

/** Headers of one attempt (standardwebhooks.com). */
interface WebhookHeaders {
  /** The same for every attempt: a receiver that has seen it has the event. */
  readonly "webhook-id": string;
  /** Unix seconds of this attempt: a receiver refuses an old one. */
  readonly "webhook-timestamp": string;
  readonly "webhook-signature": string;
}

/** Signs id, time and body together with HMAC-SHA-256. @param secret 32 bytes. */
export function webhookHeaders(
  secret: Uint8Array,
  id: string,
  nowMs: number,
  body: string,
): WebhookHeaders {
  const timestamp = String(Math.floor(nowMs / 1_000));
  const signature = createHmac("sha256", secret)
    .update(`${id}.${timestamp}.${body}`)
    .digest("base64");
  return {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${signature}`,
  };
}

/** How a receiver is told the key. */
export function secretText(secret: Uint8Array): string {
  return `whsec_${Buffer.from(secret).toString("base64")}`;
}
