import { createHmac } from "node:crypto";

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
