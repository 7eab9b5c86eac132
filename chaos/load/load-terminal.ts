import { create } from "@bufbuild/protobuf";
import { PaymentKind } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { CardReadSchema } from "../../gen/cardlane/reader/v1/reader_pb.ts";
import { RelayService } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { dial, type MeshChannel } from "../../mesh/client/dial.ts";
import { silentLog } from "../../mesh/log.ts";
import type { Surroundings } from "../../mesh/surroundings.ts";
import { parseMerchantId, paymentIdToBytes } from "../../payment/identifiers.ts";
import { currencyFromLetters } from "../../payment/money.ts";
import { nodeCurves as curves } from "../../sealing/curves/node-curves.ts";
import { KeptManifest } from "../../sealing/keys/kept-manifest.ts";
import { saleOf } from "../../terminal-client/payment-request.ts";
import { ManifestFeed } from "../../terminal-client/relay/manifest-feed.ts";
import { RelayLink } from "../../terminal-client/relay/relay-link.ts";
import { Settlement } from "../../terminal-client/settling/settlement.ts";
import type { TestKeys } from "../../test/fixtures/keys.ts";
import type { ReaderSigned } from "../../test/fixtures/reader-payment.ts";
import type { Dice } from "../dice.ts";
import type { History, TriedPayment } from "../history.ts";
import type { OtherRelay } from "../other-relay.ts";
import { type PaymentPlan, planPayment, planWithRightPin, WRONG_PIN } from "../payment-plan.ts";
import type { RelayProof } from "../run-tls.ts";
import type { LoadDevice } from "./load-device.ts";
import { canSeal } from "./sealing-keys.ts";
import { answerOf, outcomeOf } from "./told-end.ts";

const EUR = currencyFromLetters("EUR");
/** The same bytes at both relays at the same time. */
const TWIN_SHARE = 0.05;
const CANCEL_SHARE = 0.03;
/** The same bytes once more, when what became of them was told long ago. */
const REPEAT_SHARE = 0.1;
/** Of these, at a relay that has no part in them. */
const ELSEWHERE_SHARE = 0.5;
const PAUSE_MS = { min: 200, max: 1_800 } as const;
const OPEN_MAX = 20;

interface LoadTerminalParts extends Pick<Surroundings, "clock"> {
  readonly keys: TestKeys;
  /** Registered, at all relays that are named here. */
  readonly device: LoadDevice;
  /** Each "host:port". */
  readonly relays: readonly string[];
  /** A relay with another id, and how to reach it; undefined where there is none. */
  readonly elsewhere: { readonly relay: OtherRelay; readonly address: string } | undefined;
  /** The reader's clock, which may be wrong. */
  readonly readerNowMs: () => number;
  /** Undefined in plaintext. */
  readonly proof: RelayProof | undefined;
  readonly history: History;
  readonly dice: Dice;
}

/** A terminal without till, reader and journal: it submits signed payments, many at a time. */
export class LoadTerminal implements AsyncDisposable {
  readonly #parts: LoadTerminalParts;
  readonly #manifest: KeptManifest;
  readonly #resources = new AsyncDisposableStack();
  /** The second one is for twins: it begins with the other relay. */
  readonly #links: readonly [RelayLink, RelayLink];
  readonly #elsewhere: RelayLink | undefined;
  readonly #feed: ManifestFeed;
  readonly #open = new Set<Promise<void>>();
  readonly #settled: { readonly payment: ReaderSigned; readonly tried: TriedPayment }[] = [];

  static async open(parts: LoadTerminalParts): Promise<LoadTerminal> {
    const file = { read: async () => undefined, write: async () => undefined };
    const roots = parts.keys.trustedRoots;
    const load = new LoadTerminal(parts, await KeptManifest.open(curves, roots, file));
    await load.#feed.renew();
    return load;
  }

  private constructor(parts: LoadTerminalParts, manifest: KeptManifest) {
    const { relays, clock } = parts;
    this.#parts = parts;
    this.#manifest = manifest;
    this.#links = [this.#link(this.#dial(relays)), this.#link(this.#dial(relays.toReversed()))];
    this.#elsewhere = parts.elsewhere && this.#link(this.#dial([parts.elsewhere.address]));
    const [relay] = this.#links;
    this.#feed = this.#resources.use(
      new ManifestFeed(relay, manifest, { clock, log: silentLog }, () => undefined),
    );
  }

  /** Submits payments until told to stop; those that are open then go on. */
  async run(stopping: AbortSignal): Promise<void> {
    const { clock, dice } = this.#parts;
    while (!stopping.aborted) {
      await clock.sleep(dice.between(PAUSE_MS.min, PAUSE_MS.max));
      if (this.#open.size >= OPEN_MAX) await Promise.race(this.#open);
      if (this.#settled.length > 0 && dice.happens(REPEAT_SHARE)) this.#repeat();
      else this.#begin(planPayment(dice));
    }
  }

  /** Resolves when every payment was settled. */
  async settled(): Promise<void> {
    await Promise.all(this.#open);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }

  #dial(relays: readonly string[]): MeshChannel {
    const { clock, proof } = this.#parts;
    const services = [RelayService];
    return this.#resources.use(dial({ targets: relays, services, clock, ...proof }));
  }

  #link(channel: MeshChannel): RelayLink {
    const { device, clock, dice } = this.#parts;
    return this.#resources.use(
      new RelayLink({
        open: () => channel.openStream(RelayService.method.transact),
        calls: channel.client(RelayService),
        merchantId: parseMerchantId(device.merchantId),
        instance: device.terminalId,
        clock,
        log: silentLog,
        jitter: () => dice.fraction(),
        onChange: () => undefined,
      }),
    );
  }

  #begin(plan: PaymentPlan, previous?: ReaderSigned): void {
    const { device, dice, history, clock } = this.#parts;
    const payment = this.#sign(plan, previous);
    if (payment === undefined) return;
    const tried = history.add({
      client: device.terminalId,
      paymentId: payment.paymentId,
      merchantId: device.merchantId,
      plan,
      startedAtMs: clock.nowMs(),
      signed: payment.signed,
    });
    const [first, second] = this.#links;
    const links = dice.happens(TWIN_SHARE) ? [first, second] : [first];
    this.#follow(Promise.all(links.map((link) => this.#settle(payment, tried, link))), () => {
      this.#settled.push({ payment, tried });
      if (isWrongPin(tried)) this.#begin(planWithRightPin(plan), payment);
    });
    if (dice.happens(CANCEL_SHARE)) void this.#cancel(payment, tried, dice.between(0, 3_000));
  }

  /** At whichever relay: it was told before what became of it. */
  #repeat(): void {
    const { dice } = this.#parts;
    const { payment, tried } = dice.pick(this.#settled);
    const elsewhere = dice.happens(ELSEWHERE_SHARE) ? this.#elsewhere : undefined;
    if (elsewhere !== undefined) submitElsewhere(elsewhere, payment, tried);
    else this.#follow(this.#settle(payment, tried, dice.pick(this.#links)), () => undefined);
  }

  #follow(work: Promise<unknown>, then: () => void): void {
    const done: Promise<void> = work.then(() => {
      this.#open.delete(done);
      then();
    });
    this.#open.add(done);
  }

  /** @returns undefined where by the reader's clock no key is valid: it signs nothing then. */
  #sign(plan: PaymentPlan, previous: ReaderSigned | undefined): ReaderSigned | undefined {
    const { keys, device, readerNowMs } = this.#parts;
    if (!canSeal(keys.manifest, readerNowMs())) return undefined;
    const { card, pin, totalMinor, acceptPartial } = plan;
    const wrongPin = { pin: WRONG_PIN };
    const noPin = { pin: null };
    return device.signer.sign({
      card,
      totalMinor,
      terminal: device.terminal,
      ...(pin === "wrong" ? wrongPin : pin === "none" ? noPin : {}),
      context: {
        kind: PaymentKind[plan.kind],
        acceptPartial,
        ...(previous && { previousPaymentId: paymentIdToBytes(previous.paymentId) }),
      },
    });
  }

  async #settle(payment: ReaderSigned, tried: TriedPayment, relay: RelayLink): Promise<void> {
    const { device, clock, dice } = this.#parts;
    const { paymentId, signed } = payment;
    const entry = {
      paymentId,
      request: saleOf(tried.plan.totalMinor, EUR),
      startedAtMs: tried.startedAtMs,
      traceparent: "",
      card: create(CardReadSchema),
      signed,
    };
    using settlement = new Settlement({
      beginning: { kind: "signed", entry },
      merchantId: parseMerchantId(device.merchantId),
      relay,
      manifest: this.#manifest,
      renewManifest: this.#feed.renew,
      clock,
      jitter: () => dice.fraction(),
      log: silentLog,
    });
    using _recorded = settlement.onRecorded((number) => void tried.recorded.add(number));
    const settled = await settlement.settled;
    const { known } = settlement;
    const outcome = outcomeOf(settled, tried.plan);
    tried.wasUnknown ||= known.error !== undefined || outcome === "REVERSED";
    tried.told.push({
      atMs: clock.nowMs(),
      recordNumber: known.recordNumber,
      outcome,
      ...answerOf(settled),
    });
  }

  /** The cashier changes his mind, whatever has happened by then. */
  async #cancel(payment: ReaderSigned, tried: TriedPayment, afterMs: number): Promise<void> {
    const [relay] = this.#links;
    await this.#parts.clock.sleep(afterMs);
    await relay.cancelPayment(payment.paymentId).then(
      () => undefined,
      () => {
        tried.wasUnknown = true;
      },
    );
  }
}

/** Whatever is answered: the checks look at what that relay makes of it. */
function submitElsewhere(
  elsewhere: RelayLink,
  { paymentId, signed }: ReaderSigned,
  tried: TriedPayment,
): void {
  tried.wasSentElsewhere = true;
  const done = () => void submission[Symbol.dispose]();
  const submission = elsewhere.submit({
    paymentId,
    signed,
    traceparent: "",
    onRecorded: () => undefined,
    onCompleted: done,
    onRefused: done,
  });
}

function isWrongPin({ told }: TriedPayment): boolean {
  return told[0]?.responseCode === "55";
}
