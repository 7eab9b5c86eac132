import type { Channel } from "./notification.ts";
import type { PaymentMessage } from "./payment-message.ts";

/** One message on its way to one address. */
export interface Delivery {
  /** The same for every attempt, so that a server may tell a repeat from another message. */
  readonly id: string;
  readonly address: string;
  readonly message: PaymentMessage;
  /** Parts of an SMS that were taken in an earlier attempt. */
  readonly partsSent: number;
  /** Called when a part was taken, and awaited before the next one is sent. */
  readonly onPartSent: (route: string, messageId: string) => Promise<void>;
}

/** A way to the outside: a mail server, or SMS centres. */
export interface Route extends AsyncDisposable {
  readonly channel: Channel;
  /**
   * Resolves when the other side has taken the message over.
   *
   * @throws RouteError
   */
  send(delivery: Delivery): Promise<void>;
}

/** Why a message was not taken. `message` is for the operator and quotes nothing private. */
export class RouteError extends Error {
  override readonly name = "RouteError";
  /** It will not be taken later either. */
  readonly isPermanent: boolean;

  constructor(message: string, { isPermanent }: { readonly isPermanent: boolean }) {
    super(message);
    this.isPermanent = isPermanent;
  }
}
