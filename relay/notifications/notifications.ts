import type { TaskList } from "graphile-worker";
import { SEND_TASK } from "../records/queue-statement.ts";
import { addressKey } from "../registry/contact.ts";
import type { RelaySurroundings } from "../relay-surroundings.ts";
import { EventPump } from "../webhooks/event-pump.ts";
import { WebhookSender } from "../webhooks/webhook-sender.ts";
import { DELIVER_TASK, type DeliveryKey, type WebhookStore } from "../webhooks/webhook-store.ts";
import { JobRunner } from "./job-runner.ts";
import { MailRoute } from "./mail-route.ts";
import { NotificationSender } from "./notification-sender.ts";
import type { NotificationSettings } from "./notification-settings.ts";
import type { NotificationStore } from "./notification-store.ts";
import { Retention, type RetentionStore } from "./retention-store.ts";
import type { Route } from "./route.ts";
import { type SmsAnswers, SmsRoute } from "./smpp/sms-route.ts";

type NotificationSurroundings = Pick<RelaySurroundings, "clock" | "log" | "telemetry" | "jitter">;

/** Works the queue of notifications and webhooks beside a relay, until it is disposed of. */
export function startNotifications(
  stores: {
    readonly notifications: NotificationStore;
    readonly webhooks: WebhookStore;
    readonly retention: RetentionStore;
  },
  settings: NotificationSettings & { readonly databaseUrl: string },
  around: NotificationSurroundings,
): AsyncDisposable {
  const { clock, log } = around;
  const stack = new AsyncDisposableStack();
  const routes = routesOf(settings, stores.notifications, around);
  for (const route of routes) stack.use(route);
  const sender = new NotificationSender(stores.notifications, routes, settings, around);
  const webhooks = new WebhookSender(stores.webhooks, clock);
  stack.use(new EventPump(stores.webhooks, clock, log));
  stack.use(new Retention(stores.retention, settings.keepDays, clock, log));
  const tasks: TaskList = {
    [SEND_TASK]: (payload, { job }) => sender.send(idOf(payload), job.attempts >= job.max_attempts),
    [DELIVER_TASK]: (payload) => webhooks.deliver(payload as DeliveryKey),
  };
  stack.use(new JobRunner(settings.databaseUrl, tasks, around));
  return stack;
}

function routesOf(
  settings: NotificationSettings,
  store: NotificationStore,
  around: NotificationSurroundings,
): Route[] {
  const { mailServer, mailFrom: from, smsCentres = [], smsFrom, unsubscribe } = settings;
  const mail =
    mailServer === undefined ? [] : [new MailRoute({ ...mailServer, from, unsubscribe })];
  if (smsCentres.length === 0) return mail;
  const centres = smsCentres.map((centre) => ({ ...centre, from: smsFrom }));
  const answers: SmsAnswers = {
    onReceipt: (centre, messageId, state) => store.partReceipt(centre, messageId, state),
    onOptOut: (address) => store.setOptOut(addressKey(address), true, around.clock.nowMs()),
  };
  return [...mail, new SmsRoute(centres, answers, around)];
}

function idOf(payload: unknown): string {
  if (payload instanceof Object && "id" in payload && typeof payload.id === "string") {
    return payload.id;
  }
  throw new Error("bug: a job without the id of its notification");
}
