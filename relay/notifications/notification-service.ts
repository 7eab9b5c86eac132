import { createHash } from "node:crypto";
import type { HandlerContext } from "@connectrpc/connect";
import { Certainty, PaymentKind, PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import {
  type Notification,
  NotificationService,
  NotificationState,
  type SendReceiptRequest,
} from "../../gen/cardlane/relay/v1/notification_pb.ts";
import { callerOf } from "../../mesh/identity/caller.ts";
import { parsePageSize, parseStateFilter } from "../../mesh/list-request.ts";
import { type MeshService, service } from "../../mesh/service.ts";
import type { Surroundings } from "../../mesh/surroundings.ts";
import { enumName } from "../../payment/enum-name.ts";
import { PaymentError } from "../../payment/errors.ts";
import { parseRecordNumber } from "../../payment/record-number.ts";
import type { PaymentQueries } from "../queries/payment-queries.ts";
import { addressKey, type Contact, parseAddress, parseContact } from "../registry/contact.ts";
import type { Registry } from "../registry/registry.ts";
import { scopeOf } from "../registry/scope.ts";
import type { NotificationStore } from "./notification-store.ts";

/** Every id that there may be: of a record, an outcome and a channel. */
const ID = /^[\w-]{1,100}$/;

interface NotificationServiceParts extends Pick<Surroundings, "clock"> {
  readonly store: NotificationStore;
  readonly queries: PaymentQueries;
  readonly registry: Registry;
}

/** What operators see and do about notifications, and how a terminal asks for a receipt. */
export function notificationService(parts: NotificationServiceParts): MeshService {
  const { store, clock } = parts;
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
      return { notification: await orderReceipt(request, context, parts) };
    },
    async setOptOut({ address, isOptedOut }) {
      const key = addressKey(parseAddress(address, "address"));
      await store.setOptOut(key, isOptedOut, clock.nowMs());
      return {};
    },
  });
}

async function orderReceipt(
  request: SendReceiptRequest,
  context: HandlerContext,
  { store, queries, registry }: NotificationServiceParts,
): Promise<Notification> {
  const contact = receiptContact(request);
  const recordNumber = parseRecordNumber(request.recordNumber);
  // Whose record it is decides whether it may be asked for.
  const scope = await scopeOf(callerOf(context).identity, registry);
  const key = { case: "recordNumber", value: recordNumber } as const;
  const payment = await queries.get({ $typeName: GET_PAYMENT, key, merchantId: "" }, scope);
  if (payment.certainty !== Certainty.FINAL) {
    throw new PaymentError("WRONG_STATE", "a receipt is for a payment whose outcome is known");
  }
  if (payment.kind === PaymentKind.UNSPECIFIED) {
    throw new PaymentError("WRONG_STATE", "this payment was made impossible before it came");
  }
  const id = receiptId(recordNumber, payment.state, contact);
  await store.orderReceipt({ id, recordNumber, contact });
  return await found(store, id);
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
