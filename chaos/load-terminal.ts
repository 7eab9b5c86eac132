import { create } from "@bufbuild/protobuf";
import type { Mesh } from "../cli/start/mesh-processes.ts";
import { Outcome, PaymentKind } from "../gen/cardlane/payment/v1/payment_pb.ts";
import { CardReadSchema } from "../gen/cardlane/reader/v1/reader_pb.ts";
import { DeviceState, RelayService } from "../gen/cardlane/relay/v1/relay_pb.ts";
import type { Clock } from "../mesh/clock.ts";
import { dial, type MeshChannel } from "../mesh/dial.ts";
import { silentLog } from "../mesh/log.ts";
import { parseMerchantId } from "../payment/identifiers.ts";
import { currencyFromLetters } from "../payment/money.ts";
import { stateOfOutcome } from "../payment/states.ts";
import { KeptManifest } from "../sealing/kept-manifest.ts";
import { nodeCurves as curves } from "../sealing/node-curves.ts";
import { ManifestFeed } from "../terminal-client/manifest-feed.ts";
import { saleOf } from "../terminal-client/payment-request.ts";
import type { Settled } from "../terminal-client/processor-word.ts";
import { RelayLink } from "../terminal-client/relay-link.ts";
import { Settlement } from "../terminal-client/settlement.ts";
import type { TestKeys } from "../test/fixtures/keys.ts";
import { PaymentSigner, type ReaderSigned } from "../test/fixtures/reader-payment.ts";
import type { Dice } from "./dice.ts";
import type { History, ToldOutcome, TriedPayment } from "./history.ts";

const EUR = currencyFromLetters("EUR");
const CARDS = ["visa", "mastercard", "amex", "charge_declined", "charge_declined_lost_card"];
/** PINs cost the PIN service a try each, and all of these cards have many uses. */
const PIN_SHARE = 0.3;
/** The same bytes at both relays at the same time. */
const TWIN_SHARE = 0.05;
const CANCEL_SHARE = 0.03;
const PAUSE_MS = { min: 200, max: 1_800 } as const;
const OPEN_MAX = 20;

export interface LoadTerminalParts {
  readonly mesh: Mesh;
  readonly keys: TestKeys;
  /** 1, 2, 3 … */
  readonly index: number;
  /** Each "host:port". */
  readonly relays: readonly string[];
  readonly history: History;
  readonly dice: Dice;
  readonly clock: Clock;
}

/** A terminal without till, reader and journal: it submits signed payments, many at a time. */
export class LoadTerminal implements AsyncDisposable {
  readonly #parts: LoadTerminalParts;
  readonly #name: string;
  readonly #merchantId: string;
  readonly #signer: PaymentSigner;
  readonly #terminal: ReturnType<TestKeys["anotherTerminal"]>;
  readonly #manifest: KeptManifest;
  readonly #resources = new AsyncDisposableStack();
  /** The second one is for twins: it begins with the other relay. */
  readonly #links: readonly [RelayLink, RelayLink];
  readonly #feed: ManifestFeed;
  readonly #open = new Set<Promise<void>>();

  static async open(parts: LoadTerminalParts): Promise<LoadTerminal> {
    const file = { read: async () => undefined, write: async () => undefined };
    const roots = parts.keys.trustedRoots;
    const load = new LoadTerminal(parts, await KeptManifest.open({ curves, roots, file }));
    await load.#register();
    await load.#feed.renew();
    return load;
  }

  private constructor(parts: LoadTerminalParts, manifest: KeptManifest) {
    const { keys, index, relays, clock } = parts;
    const number = String(index).padStart(4, "0");
    this.#parts = parts;
    this.#name = `LOAD${number}`;
    this.#merchantId = `LOADMERCHANT${String(index).padStart(3, "0")}`;
    this.#terminal = keys.anotherTerminal(this.#name, this.#merchantId);
    const reader = keys.anotherReader(`LOAD-${number}`);
    this.#signer = new PaymentSigner({ keys, nowMs: () => clock.nowMs(), reader });
    this.#manifest = manifest;
    this.#links = [this.#link(relays), this.#link(relays.toReversed())];
    const [relay] = this.#links;
    this.#feed = this.#resources.use(
      new ManifestFeed({ relay, manifest, clock, log: silentLog, onNewer: () => undefined }),
    );
  }

  /** Submits payments until told to stop; those that are open then go on. */
  async run(stopping: AbortSignal): Promise<void> {
    const { clock, dice } = this.#parts;
    while (!stopping.aborted) {
      await clock.sleep(dice.between(PAUSE_MS.min, PAUSE_MS.max));
      if (this.#open.size >= OPEN_MAX) await Promise.race(this.#open);
      this.#begin();
    }
  }

  /** Resolves when every payment was settled. */
  async settled(): Promise<void> {
    await Promise.all(this.#open);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }

  #link(relays: readonly string[]): RelayLink {
    const { clock, dice } = this.#parts;
    const channel: MeshChannel = this.#resources.use(
      dial({ targets: relays, services: [RelayService], clock }),
    );
    return this.#resources.use(
      new RelayLink({
        open: () => channel.openStream(RelayService.method.transact),
        calls: channel.client(RelayService),
        merchantId: parseMerchantId(this.#merchantId),
        instance: this.#name,
        clock,
        log: silentLog,
        jitter: () => dice.fraction(),
        onChange: () => undefined,
      }),
    );
  }

  async #register(): Promise<void> {
    const { processorRegistry, relayRegistry } = this.#parts.mesh.clients;
    const state = DeviceState.ACTIVE;
    const terminals = [{ certificate: this.#terminal.certificate, state, currencies: [EUR] }];
    const { certificate } = this.#signer.reader;
    const readers = [{ certificate, merchantId: this.#merchantId, state }];
    for (const registry of [processorRegistry, relayRegistry]) {
      await registry.registerTerminals({ terminals });
      await registry.registerReaders({ readers });
    }
  }

  #begin(): void {
    const { dice, history, clock } = this.#parts;
    const totalMinor = BigInt(dice.between(1, 20_000));
    const card = dice.pick(CARDS);
    const withoutPin = dice.happens(PIN_SHARE) ? {} : { pin: null };
    const terminal = this.#terminal;
    const payment = this.#signer.sign({ card, totalMinor, terminal, ...withoutPin });
    const tried = history.add({
      client: this.#name,
      paymentId: payment.paymentId,
      merchantId: this.#merchantId,
      totalMinor,
      startedAtMs: clock.nowMs(),
      signed: payment.signed,
    });
    const [first, second] = this.#links;
    const links = dice.happens(TWIN_SHARE) ? [first, second] : [first];
    const settling = Promise.all(links.map((link) => this.#settle(payment, tried, link)));
    const done: Promise<void> = settling.then(() => void this.#open.delete(done));
    this.#open.add(done);
    if (dice.happens(CANCEL_SHARE)) void this.#cancel(payment, tried, dice.between(0, 3_000));
  }

  async #settle(payment: ReaderSigned, tried: TriedPayment, relay: RelayLink): Promise<void> {
    const { clock } = this.#parts;
    const { paymentId, signed } = payment;
    const entry = {
      paymentId,
      request: saleOf(tried.totalMinor, EUR),
      startedAtMs: tried.startedAtMs,
      traceparent: "",
      card: create(CardReadSchema),
      signed,
    };
    using settlement = new Settlement({
      beginning: { kind: "signed", entry },
      merchantId: parseMerchantId(this.#merchantId),
      relay,
      manifest: this.#manifest,
      renewManifest: this.#feed.renew,
      clock,
      log: silentLog,
    });
    const settled = await settlement.settled;
    const { known } = settlement;
    tried.wasUnknown ||= known.error !== undefined || outcomeOf(settled) === "REVERSED";
    tried.told.push({ atMs: clock.nowMs(), recordNumber: known.recordNumber, ...endOf(settled) });
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

function outcomeOf(settled: Settled): ToldOutcome {
  if (settled.kind === "refused") return "NOT TAKEN";
  const { outcome } = settled.verified.result;
  if (outcome === Outcome.REVERSED) return "REVERSED";
  return stateOfOutcome(outcome, PaymentKind.SALE) as ToldOutcome;
}

function endOf(settled: Settled) {
  const outcome = outcomeOf(settled);
  if (settled.kind === "refused") return { outcome, approvedMinor: 0n };
  const { result, signed } = settled.verified;
  return { outcome, approvedMinor: result.approvedAmountMinor, signed };
}
