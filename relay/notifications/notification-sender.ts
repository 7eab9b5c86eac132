import type { Surroundings } from "../../mesh/surroundings.ts";
import { addressKey } from "../registry/contact.ts";
import type { Channel, NotificationToSend } from "./notification.ts";
import type { NotificationSettings } from "./notification-settings.ts";
import type { NotificationStore } from "./notification-store.ts";
import { paymentMessage } from "./payment-message.ts";
import { type Route, RouteError } from "./route.ts";

const HOUR_MS = 3_600_000;

const UNEXPECTED = new RouteError("internal error", { isPermanent: false });

/** Sends one notification, once for each job of the queue. */
export class NotificationSender {
  readonly #store: NotificationStore;
  readonly #routes: readonly Route[];
  readonly #allowed: Pick<AllowList, "allows">;
  readonly #rateLimit: { readonly max: number; readonly windowMs: number };
  readonly #around: Pick<Surroundings, "log" | "telemetry">;

  /**
   * @param routes without one for a channel its notifications fail, visibly.
   * @param settings who may be written to, and how often: a result over that waits, it is not lost.
   */
  constructor(
    store: NotificationStore,
    routes: readonly Route[],
    { allowed, perHourMax }: Pick<NotificationSettings, "allowed" | "perHourMax">,
    around: Pick<Surroundings, "log" | "telemetry">,
  ) {
    this.#store = store;
    this.#routes = routes;
    this.#allowed = allowed === undefined ? EVERYBODY : new AllowList(allowed);
    this.#rateLimit = { max: perHourMax, windowMs: HOUR_MS };
    this.#around = around;
  }

  /**
   * Does nothing for a notification that was sent already: a job may come twice.
   *
   * @throws RouteError when the queue is to try again later.
   */
  async send(id: string, isLastAttempt: boolean): Promise<void> {
    const store = this.#store;
    const notification = await store.findQueued(id);
    if (notification === undefined) return;
    const { address, channel } = notification;
    if (!this.#allowed.allows(address)) {
      return await store.setBack({ id, state: "SUPPRESSED", reason: "not on the allow-list" });
    }
    if (await store.isOptedOut(addressKey(address))) {
      return await store.setBack({ id, state: "SUPPRESSED", reason: "opted out" });
    }
    const route = this.#routeOf(channel);
    if (route === undefined) {
      return await store.setBack({ id, state: "FAILED", reason: `no ${channel} route is set up` });
    }
    if (await store.postponeWhereTooMany(notification, this.#rateLimit)) return;
    await this.#sendBy(route, notification, isLastAttempt);
  }

  #routeOf(channel: Channel): Route | undefined {
    return this.#routes.find((route) => route.channel === channel);
  }

  async #sendBy(route: Route, notification: NotificationToSend, isLast: boolean): Promise<void> {
    const store = this.#store;
    const { telemetry, log } = this.#around;
    const { id, address, facts, partsSent } = notification;
    const { recordNumber } = facts;
    // The payment ended long ago; this is a trace of its own that points back to it.
    const span = telemetry.spanOf(
      undefined,
      `notification.send ${route.channel.toLowerCase()}`,
      "producer",
      { recordNumber, paymentState: facts.event, terminalId: facts.terminalId },
      { link: notification.traceparent },
    );
    try {
      await route.send({
        id,
        address,
        message: paymentMessage(facts),
        partsSent,
        onPartSent: (name, messageId) => store.partSent(id, name, messageId),
      });
      await store.markSent(id);
      await store.settle(id);
      span.end();
    } catch (error) {
      span.end(error instanceof Error ? error.name : "unknown");
      if (!(error instanceof RouteError)) log.failure("a notification failed", error, { job: id });
      const { message: reason, isPermanent } = error instanceof RouteError ? error : UNEXPECTED;
      const isGivenUp = isPermanent || isLast;
      log.warn("a notification was not taken", { recordNumber, job: id, status: reason });
      await store.setBack({ id, state: isGivenUp ? "FAILED" : "QUEUED", reason });
      if (!isGivenUp) throw error;
    }
  }
}

/**
 * Who may be written to while a relay is tried out: "*@shop.example", "+1202555*", whole addresses.
 * `*` stands for anything.
 */
export class AllowList {
  readonly #patterns: readonly RegExp[];

  constructor(patterns: readonly string[]) {
    this.#patterns = patterns.map(patternOf);
  }

  allows(address: string): boolean {
    return this.#patterns.some((pattern) => pattern.test(addressKey(address)));
  }
}

const EVERYBODY: Pick<AllowList, "allows"> = { allows: () => true };

function patternOf(text: string): RegExp {
  const parts = addressKey(text.trim())
    .split("*")
    .map((part) => part.replaceAll(/[^a-z0-9]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`);
}
