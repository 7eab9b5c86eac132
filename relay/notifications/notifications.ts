import type { BlockList } from "node:net";
import type { Task } from "graphile-worker";
import { JobRunner, type Lane } from "../outbox/job-runner.ts";
import type { OutboxStore } from "../outbox/outbox-store.ts";
import { OutboxSweep } from "../outbox/outbox-sweep.ts";
import type { EventStore } from "../records/event-store.ts";
import { SEND_TASKS } from "../records/queue-statement.ts";
import { addressKey } from "../registry/contact.ts";
import type { RelaySurroundings } from "../relay-surroundings.ts";
import { DELIVER_TASK } from "../webhooks/delivery-jobs.ts";
import { EventPump } from "../webhooks/event-pump.ts";
import { Receivers } from "../webhooks/receivers.ts";
import { WebhookSender } from "../webhooks/webhook-sender.ts";
import type { DeliveryKey, WebhookStore } from "../webhooks/webhook-store.ts";
import { MailRoute } from "./mail-route.ts";
import { NotificationSender } from "./notification-sender.ts";
import type { NotificationSettings } from "./notification-settings.ts";
import type { NotificationStore } from "./notification-store.ts";
import { Retention, type RetentionStore } from "./retention-store.ts";
import type { Route } from "./route.ts";
import { type SmsAnswers, SmsRoute } from "./smpp/sms-route.ts";

/** Each is a TCP connection that the mail server has to bear. */
const MAILS_AT_ONCE = 2;
const SMS_AT_ONCE = 8;
/** A receiver that hangs holds four at most (webhook-store.ts). */
const DELIVERIES_AT_ONCE = 32;
/** What an earlier relay called the task of either channel; its jobs may still wait. */
const EARLIER_SEND_TASK = "send_notification";

type NotificationSurroundings = Pick<RelaySurroundings, "clock" | "log" | "telemetry" | "jitter">;

/** Works the queue of notifications and webhooks beside a relay, until it is disposed of. */
export function startNotifications(
  stores: {
    readonly notifications: NotificationStore;
    readonly webhooks: WebhookStore;
    readonly retention: RetentionStore;
    readonly outbox: OutboxStore;
    readonly events: EventStore;
  },
  settings: NotificationSettings & {
    readonly databaseUrl: string;
    readonly webhookNetworks?: BlockList | undefined;
  },
  around: NotificationSurroundings,
): AsyncDisposable {
  const { clock, log } = around;
  const stack = new AsyncDisposableStack();
  const routes = routesOf(settings, stores.notifications, around);
  for (const route of routes) stack.use(route);
  const sender = new NotificationSender(stores.notifications, routes, settings, around);
  const receivers = new Receivers(settings.webhookNetworks);
  const webhooks = new WebhookSender(stores.webhooks, clock, receivers);
  stack.use(new EventPump(stores.webhooks, stores.events, clock, log));
  stack.use(new OutboxSweep(stores.outbox, clock, log));
  stack.use(new Retention(stores.retention, settings, clock, log));
  stack.use(new JobRunner(settings.databaseUrl, lanesOf(sender, webhooks), around));
  return stack;
}

function lanesOf(sender: NotificationSender, webhooks: WebhookSender): readonly Lane[] {
  const send: Task = (payload, { job }) =>
    sender.send(idOf(payload), job.attempts >= job.max_attempts);
  const deliver: Task = (payload) => webhooks.deliver(payload as DeliveryKey);
  return [
    {
      tasks: { [SEND_TASKS.EMAIL]: send, [EARLIER_SEND_TASK]: send },
      jobsAtOnce: MAILS_AT_ONCE,
    },
    { tasks: { [SEND_TASKS.SMS]: send }, jobsAtOnce: SMS_AT_ONCE },
    { tasks: { [DELIVER_TASK]: deliver }, jobsAtOnce: DELIVERIES_AT_ONCE },
  ];
}

function routesOf(
  settings: NotificationSettings,
  store: NotificationStore,
  around: NotificationSurroundings,
): Route[] {
  const { mailServer, mailFrom: from, smsCentres = [], smsFrom, unsubscribe } = settings;
  const mail =
    mailServer === undefined
      ? []
      : [new MailRoute({ ...mailServer, from, unsubscribe, clock: around.clock })];
  if (smsCentres.length === 0) return mail;
  const centres = smsCentres.map((centre) => ({ ...centre, from: smsFrom }));
  const answers: SmsAnswers = {
    onReceipt: (centre, messageId, state) => store.partReceipt(centre, messageId, state),
    onOptOut: (address, isOptedOut) =>
      store.setOptOut(addressKey(address), isOptedOut, around.clock.nowMs()),
  };
  return [...mail, new SmsRoute(centres, answers, around)];
}

function idOf(payload: unknown): string {
  if (payload instanceof Object && "id" in payload && typeof payload.id === "string") {
    return payload.id;
  }
  throw new Error("bug: a job without the id of its notification");
}
