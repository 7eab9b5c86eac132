import { WebhookService } from "../../gen/cardlane/relay/v1/webhook_pb.ts";
import type { Clock } from "../../mesh/clock.ts";
import { parseSequence } from "../../mesh/list-request.ts";
import { type MeshService, service } from "../../mesh/service.ts";
import { PaymentError } from "../../payment/errors.ts";
import { parseMerchantId } from "../../payment/identifiers.ts";
import type { Random } from "../../sealing/random.ts";
import type { Receivers } from "./receivers.ts";
import { secretText } from "./webhook-sender.ts";
import type { WebhookRow, WebhookStore } from "./webhook-store.ts";

const SECRET_BYTES = 32;
const ID_BYTES = 12;
const ID = /^wh_[0-9a-f]{24}$/;

/** Webhooks, for operators. */
export function webhookService(
  store: WebhookStore,
  receivers: Receivers,
  clock: Clock,
  random: Random,
): MeshService {
  return service(WebhookService, {
    async addWebhook(request) {
      const url = await parseWebhookUrl(request.url, receivers);
      const merchantId = request.merchantId === "" ? "" : parseMerchantId(request.merchantId);
      const id = `wh_${Buffer.from(random.bytes(ID_BYTES)).toString("hex")}`;
      const secret = random.bytes(SECRET_BYTES);
      await store.add({ id, url, merchantId }, secret, clock.nowMs());
      const added = (await store.list()).find((row) => row.id === id);
      return {
        secret: secretText(secret),
        ...(added === undefined ? {} : { webhook: wireOf(added) }),
      };
    },
    async listWebhooks() {
      return { webhooks: (await store.list()).map(wireOf) };
    },
    async removeWebhook({ id }) {
      if (ID.test(id)) await store.remove(id);
      return {};
    },
    async redeliverWebhook({ id, afterSequence }) {
      const isThere = (await store.list()).some((row) => row.id === id);
      if (!isThere) throw malformed("id", "must be the id of a webhook");
      const after = parseSequence(afterSequence, "after_sequence");
      return { events: await store.redeliver(id, after) };
    },
  });
}

function wireOf(row: WebhookRow) {
  return {
    id: row.id,
    url: row.url,
    merchantId: row.merchant_id,
    afterSequence: BigInt(row.after_sequence),
    waiting: row.waiting,
    reason: row.ended_because || (row.reason ?? ""),
    endedAtMs: BigInt(row.ended_at?.getTime() ?? 0),
  };
}

/** @throws PaymentError MALFORMED_REQUEST; does not quote a URL, which may hold a token. */
async function parseWebhookUrl(text: string, receivers: Receivers): Promise<string> {
  const problem = await receivers.problemOf(text);
  if (problem !== undefined) throw malformed("url", problem);
  return new URL(text).href;
}

function malformed(field: string, problem: string): PaymentError {
  return new PaymentError("MALFORMED_REQUEST", `${field} ${problem}`, { field });
}
