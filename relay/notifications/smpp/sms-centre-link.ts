import { BackOff } from "../../../mesh/retry/back-off.ts";
import { Outage } from "../../../mesh/retry/outage.ts";
import type { RelaySurroundings } from "../../relay-surroundings.ts";
import type { Delivered } from "./messages.ts";
import { STATUS } from "./pdu.ts";
import { type SmppAddress, SmppError, type SmppPatience, SmppSession } from "./smpp-session.ts";

export interface SmsCentre extends SmppAddress {
  /** Goes with each message id, which is the centre's own: "centre.example:2775". */
  readonly name: string;
  /** Numbers that begin with it go this way; "+" takes all. The longest one counts. */
  readonly prefix: string;
  /** A number, or up to 11 letters and digits. */
  readonly from: string;
}

/** What a centre in the field gets. */
export const PATIENCE: SmppPatience = { answerMsMax: 10_000, enquiryMs: 30_000 };
const RECONNECT_MS_MIN = 500;
const RECONNECT_MS_MAX = 30_000;
/** After these pauses a centre that throttles is left in peace; the queue tries again later. */
const THROTTLE_PAUSES_MS = [500, 1_000, 2_000];

/** Keeps one bound connection to a centre, whatever happens to it: receipts come at any time. */
export class SmsCentreLink implements AsyncDisposable {
  readonly #centre: SmsCentre;
  readonly #onDelivered: (delivered: Delivered) => Promise<void>;
  readonly #patience: SmppPatience;
  readonly #around: Pick<RelaySurroundings, "clock" | "log" | "jitter">;
  readonly #stopping = new AbortController();
  readonly #keeping: Promise<void>;
  #session = Promise.withResolvers<SmppSession>();
  #open: SmppSession | undefined;

  constructor(
    centre: SmsCentre,
    onDelivered: (delivered: Delivered) => Promise<void>,
    patience: SmppPatience,
    around: Pick<RelaySurroundings, "clock" | "log" | "jitter">,
  ) {
    this.#centre = centre;
    this.#onDelivered = onDelivered;
    this.#patience = patience;
    this.#around = around;
    this.#session.promise.catch(() => undefined);
    this.#keeping = this.#keep();
  }

  /** Slows down when the centre asks for it. @returns its message id. @throws SmppError */
  async submit(body: Buffer): Promise<string> {
    const { clock } = this.#around;
    for (const pauseMs of THROTTLE_PAUSES_MS) {
      try {
        return await this.#submitOnce(body);
      } catch (error) {
        if (!(error instanceof SmppError) || !isThrottling(error)) throw error;
      }
      await clock.sleep(pauseMs, this.#stopping.signal);
    }
    return await this.#submitOnce(body);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#open?.unbind();
    await this.#keeping;
  }

  async #submitOnce(body: Buffer): Promise<string> {
    const late = Promise.withResolvers<never>();
    using _patience = this.#around.clock.timer(this.#patience.answerMsMax, () => {
      late.reject(new SmppError("the SMS centre is not connected"));
    });
    const session = await Promise.race([this.#session.promise, late.promise]);
    return await session.submit(body);
  }

  async #keep(): Promise<void> {
    const centre = this.#centre;
    const { clock, log, jitter } = this.#around;
    const { signal } = this.#stopping;
    const backOff = new BackOff({ msMin: RECONNECT_MS_MIN, msMax: RECONNECT_MS_MAX, jitter });
    const outage = new Outage(log, {
      begins: "an SMS centre could not be bound to",
      ends: "an SMS centre is bound to again",
    });
    while (!signal.aborted) {
      try {
        this.#open = await SmppSession.open(centre, this.#onDelivered, this.#patience, clock);
        this.#session.resolve(this.#open);
        backOff.reset();
        outage.succeeded({ address: centre.name });
        if (signal.aborted) await this.#open.unbind();
        await this.#open.ended;
        this.#session = Promise.withResolvers();
        this.#session.promise.catch(() => undefined);
        this.#open = undefined;
      } catch (error) {
        outage.failed(error, { address: centre.name });
      }
      await clock.sleep(backOff.nextMs(), signal).catch(() => undefined);
    }
    this.#session.reject(new SmppError("the relay is stopping"));
  }
}

function isThrottling({ status }: SmppError): boolean {
  return status === STATUS.throttled || status === STATUS.queueFull;
}
