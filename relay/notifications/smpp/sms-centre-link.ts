import { BackOff } from "../../../mesh/retry/back-off.ts";
import { Outage } from "../../../mesh/retry/outage.ts";
import type { Surroundings } from "../../../mesh/surroundings.ts";
import type { Delivered } from "./messages.ts";
import { STATUS } from "./pdu.ts";
import { SmppError, SmppSession } from "./smpp-session.ts";

export interface SmsCentre {
  /** Goes with each message id, which is the centre's own: "centre.example:2775". */
  readonly name: string;
  /** Numbers that begin with it go this way; "+" takes all. The longest one counts. */
  readonly prefix: string;
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  readonly systemId: string;
  readonly password: string;
  /** A number, or up to 11 letters and digits. */
  readonly from: string;
}

interface SmsCentreLinkOptions extends Pick<Surroundings, "clock" | "log"> {
  readonly centre: SmsCentre;
  /** From 0 up to 1. */
  readonly jitter: () => number;
  readonly onDelivered: (delivered: Delivered) => Promise<void>;
  readonly answerMsMax?: number | undefined;
  readonly enquiryMs?: number | undefined;
}

const ANSWER_MS_MAX = 10_000;
const ENQUIRY_MS = 30_000;
const RECONNECT_MS_MIN = 500;
const RECONNECT_MS_MAX = 30_000;
/** After these pauses a centre that throttles is left in peace; the queue tries again later. */
const THROTTLE_PAUSES_MS = [500, 1_000, 2_000];

/** Keeps one bound connection to a centre, whatever happens to it: receipts come at any time. */
export class SmsCentreLink implements AsyncDisposable {
  readonly #options: SmsCentreLinkOptions;
  readonly #stopping = new AbortController();
  readonly #keeping: Promise<void>;
  #session = Promise.withResolvers<SmppSession>();
  #open: SmppSession | undefined;

  constructor(options: SmsCentreLinkOptions) {
    this.#options = options;
    this.#session.promise.catch(() => undefined);
    this.#keeping = this.#keep();
  }

  /** Slows down when the centre asks for it. @returns its message id. @throws SmppError */
  async submit(body: Buffer): Promise<string> {
    const { clock } = this.#options;
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
    const { clock, answerMsMax = ANSWER_MS_MAX } = this.#options;
    const late = Promise.withResolvers<never>();
    using _patience = clock.timer(answerMsMax, () => {
      late.reject(new SmppError("the SMS centre is not connected"));
    });
    const session = await Promise.race([this.#session.promise, late.promise]);
    return await session.submit(body);
  }

  async #keep(): Promise<void> {
    const { clock, log, jitter, centre } = this.#options;
    const { signal } = this.#stopping;
    const backOff = new BackOff({ msMin: RECONNECT_MS_MIN, msMax: RECONNECT_MS_MAX, jitter });
    const outage = new Outage(log, {
      begins: "an SMS centre could not be bound to",
      ends: "an SMS centre is bound to again",
    });
    while (!signal.aborted) {
      try {
        this.#open = await SmppSession.open(this.#sessionOptions());
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

  #sessionOptions() {
    const { centre, clock, onDelivered, answerMsMax, enquiryMs } = this.#options;
    return {
      ...centre,
      clock,
      onDelivered,
      answerMsMax: answerMsMax ?? ANSWER_MS_MAX,
      enquiryMs: enquiryMs ?? ENQUIRY_MS,
    };
  }
}

function isThrottling({ status }: SmppError): boolean {
  return status === STATUS.throttled || status === STATUS.queueFull;
}
