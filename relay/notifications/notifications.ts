import type { Surroundings } from "../../mesh/surroundings.ts";
import { SEND_TASK } from "../records/queue-statement.ts";
import { addressKey } from "../registry/contact.ts";
import { EventPump } from "../webhooks/event-pump.ts";
import { WebhookSender } from "../webhooks/webhook-sender.ts";
import { DELIVER_TASK, type DeliveryKey, type WebhookStore } from "../webhooks/webhook-store.ts";
import { JobRunner } from "./job-runner.ts";
import { MailRoute } from "./mail-route.ts";
import { AllowList, EVERYBODY, NotificationSender } from "./notification-sender.ts";
import type { NotificationSettings } from "./notification-settings.ts";
import type { NotificationStore } from "./notification-store.ts";
import { Retention, type RetentionStore } from "./retention-store.ts";
import type { Route } from "./route.ts";
import { SmsRoute } from "./smpp/sms-route.ts";

const HOUR_MS = 3_600_000;

interface NotificationsOptions extends Pick<Surroundings, "clock" | "log" | "telemetry"> {
  readonly databaseUrl: string;
  readonly store: NotificationStore;
  readonly webhooks: WebhookStore;
  readonly retention: RetentionStore;
  readonly settings: NotificationSettings;
  /** From 0 up to 1. */
  readonly jitter: () => number;
}

/** Works the queue of notifications and webhooks beside a relay, until it is disposed of. */
export function startNotifications(options: NotificationsOptions): AsyncDisposable {
  const { store, settings, clock, log, telemetry, databaseUrl } = options;
  const stack = new AsyncDisposableStack();
  const routes = routesOf(options);
  for (const route of routes) stack.use(route);
  const sender = new NotificationSender({
    store,
    routes,
    allowed: settings.allowed === undefined ? EVERYBODY : new AllowList(settings.allowed),
    rateLimit: { max: settings.perHourMax, windowMs: HOUR_MS },
    log,
    telemetry,
  });
  const webhooks = new WebhookSender(options.webhooks, clock);
  stack.use(new EventPump(options.webhooks, clock, log));
  stack.use(new Retention(options.retention, settings.keepDays, clock, log));
  stack.use(
    new JobRunner({
      databaseUrl,
      clock,
      log,
      tasks: {
        [SEND_TASK]: (payload, { job }) =>
          sender.send(idOf(payload), job.attempts >= job.max_attempts),
        [DELIVER_TASK]: (payload) => webhooks.deliver(payload as DeliveryKey),
      },
    }),
  );
  return stack;
}

function routesOf({ settings, store, clock, jitter, log }: NotificationsOptions): Route[] {
  const { mailServer, mailFrom: from, smsCentres = [], smsFrom, unsubscribe } = settings;
  const mail =
    mailServer === undefined ? [] : [new MailRoute({ ...mailServer, from, unsubscribe })];
  if (smsCentres.length === 0) return mail;
  const sms = new SmsRoute({
    centres: smsCentres.map((centre) => ({ ...centre, from: smsFrom })),
    clock,
    jitter,
    log,
    onReceipt: (centre, messageId, state) => store.partReceipt(centre, messageId, state),
    onOptOut: (address) => store.setOptOut(addressKey(address), true, clock.nowMs()),
  });
  return [...mail, sms];
}

function idOf(payload: unknown): string {
  if (payload instanceof Object && "id" in payload && typeof payload.id === "string") {
    return payload.id;
  }
  throw new Error("bug: a job without the id of its notification");
}
