import type { ClientHttp2Stream } from "node:http2";
import { create, toBinary } from "@bufbuild/protobuf";
import {
  NotificationService,
  SendReceiptRequestSchema,
} from "../../gen/cardlane/relay/v1/notification_pb.ts";
import { RelayService, WatchPaymentsRequestSchema } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { nthAddress } from "./addresses.ts";
import { Caller, NO_ANSWER, statusOf } from "./caller.ts";
import type { Lines } from "./line.ts";

const CONNECTIONS = 8;
/** Calls that one attacker has under way. */
const CALLS_AT_ONCE = 128;
/** A payment gets its five, some that are refused, and one or two that are too many. */
const ASKED_IN_TURN = 10;
/** No round asks for as many: 200 calls a second are let through. */
const ADDRESSES_A_ROUND = 2_000;
const WATCHES_WANTED = 800;
/** Whose watch was refused asks again after this, … */
const AGAIN_MS = 20;
/** … and after this where its connection ended: to spin costs the attacker alone. */
const AFTER_LOSS_MS = 250;

/** Ever new addresses, for one payment or for all that there are. */
export async function receipts(lines: Lines): Promise<void> {
  const { subjects, round } = lines.target;
  const caller = new Caller(lines, CONNECTIONS);
  let next = 0;
  const work = async () => {
    while (!lines.isOver) {
      const recordNumber = subjects[Math.floor(next / ASKED_IN_TURN) % subjects.length];
      if (recordNumber === undefined) throw new Error("bug: no payment to ask receipts for");
      const { isCostly, ...address } = nthAddress(round * ADDRESSES_A_ROUND + next);
      next += 1;
      if (isCostly) lines.spoils.costlyAsked += 1;
      const request = create(SendReceiptRequestSchema, { recordNumber, address });
      const message = toBinary(SendReceiptRequestSchema, request);
      const status = await caller.call(NotificationService.method.sendReceipt, message);
      lines.spoils.answer(status);
      const accepted = { recordNumber, address: address.value, isCostly };
      if (status === "OK") lines.spoils.receipt(accepted);
    }
  };
  await Promise.all(Array.from({ length: lines.scaled(CALLS_AT_ONCE) }, work));
}

/** Watches that are kept; one that is refused is asked for again. */
export async function watches(lines: Lines): Promise<void> {
  const { clock, over } = lines.target;
  const caller = new Caller(lines, CONNECTIONS);
  const message = toBinary(
    WatchPaymentsRequestSchema,
    create(WatchPaymentsRequestSchema, { fromNow: true }),
  );
  const open = new Set<ClientHttp2Stream>();
  over.addEventListener("abort", () => {
    for (const stream of open) stream.close();
  });
  const work = async () => {
    while (!lines.isOver) {
      const stream = await caller.open(RelayService.method.watchPayments, message);
      if (stream === undefined) {
        await clock.sleep(AFTER_LOSS_MS, over).catch(() => undefined);
        continue;
      }
      open.add(stream);
      const ended = statusOf(stream);
      let place: Disposable | undefined;
      stream.on("data", () => {
        place ??= lines.spoils.watch();
      });
      const status = await ended;
      open.delete(stream);
      place?.[Symbol.dispose]();
      if (!lines.isOver) lines.spoils.answer(status);
      const pauseMs = status === NO_ANSWER ? AFTER_LOSS_MS : AGAIN_MS;
      await clock.sleep(pauseMs, over).catch(() => undefined);
    }
  };
  await Promise.all(Array.from({ length: lines.scaled(WATCHES_WANTED) }, work));
}
