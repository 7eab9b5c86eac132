import { createHash } from "node:crypto";
import { Certainty, PaymentKind, PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import {
  type Notification,
  NotificationService,
  NotificationState,
  type SendReceiptRequest,
} from "../../gen/cardlane/relay/v1/notification_pb.ts";
import type { PaymentRecord } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { callerOf } from "../../mesh/identity/caller.ts";
import { parsePageSize, parseStateFilter } from "../../mesh/list-request.ts";
import { type MeshService, service } from "../../mesh/service.ts";
import { enumName } from "../../payment/enum-name.ts";
import { PaymentError } from "../../payment/errors.ts";
import { parseRecordNumber } from "../../payment/record-number.ts";
import type { PaymentQueries } from "../queries/payment-queries.ts";
import { addressKey, type Contact, parseAddress, parseContact } from "../registry/contact.ts";
import type { Registry } from "../registry/registry.ts";
import { scopeOf } from "../registry/scope.ts";
import type { RelaySurroundings } from "../relay-surroundings.ts";
import type { NotificationStore } from "./notification-store.ts";
import type { ReceiptShares } from "./receipt-shares.ts";

/** Every id that there may be: of a record, an outcome and a channel. */
const ID = /^[\w-]{1,100}$/;

interface NotificationParts {
  readonly store: NotificationStore;
  readonly shares: Pick<ReceiptShares, "take">;
  readonly queries: PaymentQueries;
  readonly registry: Registry;
  readonly around: Pick<RelaySurroundings, "clock" | "log">;
}

/** What operators see and do about notifications, and how a terminal asks for a receipt. */
export function notificationService(parts: NotificationParts): MeshService {
  const { store, queries, registry, around } = parts;
  return service(NotificationService, {
    async listNotifications({ pageSize, state, recordNumber }) {
      const filter = {
        state: parseStateFilter(NotificationState, state),
        recordNumber: recordNumber === "" ? undefined : parseRecordNumber(recordNumber),
      };
      const size = parsePageSize(pageSize, "page_size");
      return { notifications: [...(await store.list(filter, size))] };
    },
    async resendNotification({ id }) {
      const isThere = ID.test(id) && (await store.requeue(id));
      if (!isThere) throw new PaymentError("PAYMENT_NOT_FOUND", "no notification has this id");
      return { notification: await found(store, id) };
    },
    async sendReceipt(request, context) {
      const contact = receiptContact(request);
      const recordNumber = parseRecordNumber(request.recordNumber);
      // Whose record it is decides whether it may be asked for.
      const { identity } = callerOf(context);
      const scope = await scopeOf(identity, registry);
      const key = { case: "recordNumber", value: recordNumber } as const;
      const payment = await queries.get({ $typeName: GET_PAYMENT, key, merchantId: "" }, scope);
      const id = receiptId(recordNumber, endedState(payment), contact);
      const known = await store.find(id);
      if (known !== undefined && !isAgain(known, around.clock.nowMs()))
        return { notification: known };
      const isOperators = identity !== undefined && scope.kind === "all";
      if (!isOperators) await requireShare(parts, payment, contact);
      if (known === undefined) await store.orderReceipt({ id, recordNumber, contact });
      else await store.requeue(id);
      return { notification: await found(store, id) };
    },
    async setOptOut({ address, isOptedOut }) {
      const key = addressKey(parseAddress(address, "address"));
      await store.setOptOut(key, isOptedOut, around.clock.nowMs());
      return {};
    },
  });
}

/** A call that is repeated within this is the same wish; later somebody asks once more. */
const ONE_WISH_MS = 60_000;

function isAgain({ state, sentAtMs, createdAtMs }: Notification, nowMs: number): boolean {
  if (state === NotificationState.QUEUED) return false;
  const lastAtMs = Number(sentAtMs === 0n ? createdAtMs : sentAtMs);
  return nowMs - lastAtMs > ONE_WISH_MS;
}

/** @throws PaymentError OVERLOADED when payment, terminal or merchant have had their receipts. */
async function requireShare(
  { shares, around }: NotificationParts,
  { recordNumber, merchantId, terminalId }: PaymentRecord,
  { phone }: Contact,
): Promise<void> {
  const usedUp = await shares.take({ recordNumber, merchantId, terminalId, phone });
  if (usedUp === undefined) return;
  const { of, most, leftMs: retryAfterMs } = usedUp;
  const facts = { recordNumber, merchantId, terminalId, field: of };
  around.log.security("share_used_up", "receipts beyond what a day allows", facts);
  throw new PaymentError("OVERLOADED", `at most ${most} receipts a day for one ${of}`, {
    retryAfterMs,
  });
}

/** The state of a payment that has an end. @throws PaymentError WRONG_STATE for any other. */
function endedState(payment: PaymentRecord): PaymentState {
  if (payment.certainty !== Certainty.FINAL) {
    throw new PaymentError("WRONG_STATE", "a receipt is for a payment whose outcome is known");
  }
  if (payment.kind === PaymentKind.UNSPECIFIED) {
    throw new PaymentError("WRONG_STATE", "this payment was made impossible before it came");
  }
  return payment.state;
}

const GET_PAYMENT = "cardlane.relay.v1.GetPaymentRequest";

function receiptContact({ address, language, timeZone }: SendReceiptRequest): Contact {
  if (address.case === undefined) {
    throw new PaymentError("MALFORMED_REQUEST", "phone or email is required, got nothing", {
      field: "email",
    });
  }
  const nobody = { phone: "", email: "", language, timeZone };
  const contact = parseContact({ ...nobody, [address.case]: address.value }, "");
  if (contact.phone !== "" || contact.email !== "") return contact;
  const field = address.case;
  throw new PaymentError("MALFORMED_REQUEST", `${field} must not be empty`, { field });
}

/** One receipt for each outcome and address. */
function receiptId(recordNumber: string, state: PaymentState, { phone, email }: Contact): string {
  const address = addressKey(phone === "" ? email : phone);
  const digest = createHash("sha256").update(`${recordNumber} ${address}`).digest("hex");
  return `${recordNumber}-${enumName(PaymentState, state)}-RECEIPT-${digest.slice(0, 16)}`;
}

async function found(store: NotificationStore, id: string): Promise<Notification> {
  const notification = await store.find(id);
  if (notification === undefined) throw new Error(`bug: notification ${id} was just written`);
  return notification;
}
