import { createHmac } from "node:crypto";
import { Certainty } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { Clock } from "../../mesh/clock.ts";
import { enumName } from "../../payment/enum-name.ts";
import { type CurrencyCode, currencyLetters } from "../../payment/money.ts";
import { certaintyOf, endOf, type StateName } from "../../payment/states.ts";
import { DELIVERY_ATTEMPTS_MAX } from "./delivery-jobs.ts";
import { InsideAddress, type Receivers } from "./receivers.ts";
import { certificateProblem, postTo, retryAfterMs } from "./webhook-post.ts";
import type { DeliveryKey, DueDelivery, WebhookStore } from "./webhook-store.ts";

/** A receiver that has not answered by then is tried again later. */
const ANSWER_MS_MAX = 15_000;
/** A receiver that does not answer gets nothing for longer and longer, up to this. */
const SILENT_PAUSE_MS_MAX = 600_000;
/** HTTP 410: who answers so wants to be asked no more. */
const GONE = 410;

/** A receiver did not take an event; the queue tries again. */
class WebhookNotTaken extends Error {
  override readonly name = "WebhookNotTaken";
}

/** Why an event was not taken, and what the receiver said about others. */
interface Refusal {
  readonly reason: string;
  /** It wants nothing any more. */
  readonly isGone?: boolean;
  /** It wants nothing before. */
  readonly retryAfterMs?: number | undefined;
}

/** Delivers the events of one record to one webhook, the oldest first. */
export class WebhookSender {
  readonly #store: WebhookStore;
  readonly #clock: Clock;
  readonly #receivers: Receivers;

  constructor(store: WebhookStore, clock: Clock, receivers: Receivers) {
    this.#store = store;
    this.#clock = clock;
    this.#receivers = receivers;
  }

  /**
   * Until nothing waits, or the webhook is paused or ended. An event that is not taken holds back
   * those behind it.
   *
   * @throws WebhookNotTaken
   */
  async deliver(key: DeliveryKey): Promise<void> {
    const { webhookId, recordNumber } = key;
    let due = await this.#store.nextDue(key);
    while (due !== undefined) {
      if (due.is_paused) return await this.#store.deliverAfterPause(key, due.attempts);
      const refusal = await this.#post(due, `${webhookId}_${due.sequence}`, recordNumber);
      if (refusal !== undefined) return await this.#refused(key, due, refusal);
      await this.#store.markDelivered(webhookId, due.sequence);
      due = await this.#store.nextDue(key);
    }
  }

  async #refused(key: DeliveryKey, due: DueDelivery, refusal: Refusal): Promise<void> {
    const { webhookId } = key;
    const { reason, isGone, retryAfterMs: pauseMs } = refusal;
    const tries = due.attempts + 1;
    await this.#store.markFailed(webhookId, due.sequence, reason);
    if (isGone) return await this.#store.end(webhookId, reason);
    if (pauseMs !== undefined) await this.#store.pause(webhookId, pauseMs);
    if (pauseMs === undefined || tries >= DELIVERY_ATTEMPTS_MAX) throw new WebhookNotTaken(reason);
    await this.#store.deliverAfterPause(key, tries);
  }

  /** @returns why it was not taken. */
  async #post(due: DueDelivery, id: string, recordNumber: string): Promise<Refusal | undefined> {
    const body = bodyOf(due, recordNumber);
    const nowMs = this.#clock.nowMs();
    const signed = webhookHeaders(due.secret, id, nowMs, body);
    const headers = { "content-type": "application/json", ...signed };
    const late = new AbortController();
    using _patience = this.#clock.timer(ANSWER_MS_MAX, () => late.abort());
    try {
      const message = { headers, body, signal: late.signal };
      const { status, retryAfter } = await postTo(this.#receivers, new URL(due.url), message);
      if (status >= 200 && status < 300) return undefined;
      const reason = `the receiver answered ${status}`;
      return { reason, isGone: status === GONE, retryAfterMs: retryAfterMs(retryAfter, nowMs) };
    } catch (error) {
      if (error instanceof InsideAddress) return { reason: error.message };
      if (late.signal.aborted) {
        // Each event would hold a worker for as long again: no other one is sent for a while.
        const retryAfterMs = Math.min(SILENT_PAUSE_MS_MAX, ANSWER_MS_MAX * 2 ** due.attempts);
        return { reason: "the receiver did not answer", retryAfterMs };
      }
      return { reason: certificateProblem(error) ?? "the receiver was not reached" };
    }
  }
}

/** What a receiver learns; amounts are minor units as text, which no JSON parser rounds. */
function bodyOf(due: DueDelivery, recordNumber: string): string {
  if (due.payment_id === null) return resetBody(due);
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
      tipMinor: due.tip_minor,
      cashbackMinor: due.cashback_minor,
      approvedAmountMinor: due.approved_amount_minor,
      currency: due.currency === 0 ? "" : currencyLetters(due.currency as CurrencyCode),
      responseCode,
      faultCode: faultCode ?? "",
      scheme: due.scheme,
      lastFour: due.last_four,
    },
  });
}

/** What a receiver heard of that is lost since it finds by listing payments. */
function resetBody({ changed_at: changedAt, sequence }: DueDelivery): string {
  return JSON.stringify({
    type: "log.reset",
    timestamp: changedAt.toISOString(),
    data: { sequence },
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
