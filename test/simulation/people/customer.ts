import type { CardRead } from "../../../gen/cardlane/reader/v1/reader_pb.ts";
import { Pin } from "../../../payment/card.ts";
import { needsPin, TEST_PIN } from "../../../payment/test-cards.ts";
import type { PayEvent, PinSource, Till } from "../../../terminal-client/till/till.ts";
import type { Observations } from "../checks/observations.ts";
import { readerName } from "../program-names.ts";
import type { SimulatedMesh } from "../simulated-mesh.ts";
import type { Dice } from "../world/dice.ts";

const WRONG_PIN = "9999";
/** As many as lock a card. */
const WRONG_PINS_MAX = 3;

interface CustomerOptions {
  readonly mesh: SimulatedMesh;
  readonly lane: number;
  readonly seen: Observations;
  /** Name of the test card. */
  readonly card: string;
  /** How many PINs are wrong before the right one; drawn when left out. */
  readonly wrongPins?: number;
}

/** Presents a card when the reader asks for one, types a PIN, and now and then walks away. */
export class Customer implements Till {
  readonly card: string;
  readonly #mesh: SimulatedMesh;
  readonly #lane: number;
  readonly #seen: Observations;
  readonly #cancel = new AbortController();
  /** How many PINs are wrong before the right one. */
  #wrongPinsLeft: number;

  constructor({ mesh, lane, seen, card, wrongPins }: CustomerOptions) {
    const { dice, timeline } = mesh.world;
    this.#mesh = mesh;
    this.#lane = lane;
    this.#seen = seen;
    this.card = card;
    this.#wrongPinsLeft = wrongPins ?? drawWrongPins(dice);
    if (dice.chance(0.1)) timeline.after(dice.between(100, 2_000), () => this.#cancel.abort());
  }

  get cancelled(): AbortSignal {
    return this.#cancel.signal;
  }

  /** What this customer types for the payment that is underway. */
  get isPinRight(): boolean {
    return this.#wrongPinsLeft === 0;
  }

  /** The PIN was wrong, and is asked for once more. */
  thinkAgain(): void {
    this.#wrongPinsLeft -= 1;
  }

  onEvent(event: PayEvent): void {
    if (event.case !== "prepared") return;
    this.#seen.seePrepared(event.value);
    this.#atReader((device) => device.presentCard(this.card, 0));
  }

  leave(): void {
    this.#atReader((device) => device.removeCard());
  }

  async confirm({ verification }: CardRead): Promise<PinSource> {
    const { timeline, dice } = this.#mesh.world;
    await new Promise<void>((resolve) => void timeline.after(dice.between(20, 600), resolve));
    if (!needsPin(verification)) return { kind: "none" };
    return { kind: "pin", pin: Pin.parse(this.isPinRight ? TEST_PIN : WRONG_PIN) };
  }

  #atReader(act: (device: ReaderHands) => Promise<unknown>): void {
    const { timeline, dice } = this.#mesh.world;
    timeline.after(dice.between(20, 400), () => {
      const running = this.#mesh.find(readerName(this.#lane));
      const device = running?.device;
      if (running === undefined || device === undefined) return;
      // A reader that wants no card any more says so, and that is all.
      running.life.deliver(() => void act(device).catch(() => undefined));
    });
  }
}

/** Most know their PIN, some mistype it once, and some lock their card before they remember. */
function drawWrongPins(dice: Dice): number {
  if (dice.chance(0.7)) return 0;
  return dice.chance(0.5) ? 1 : WRONG_PINS_MAX;
}

interface ReaderHands {
  presentCard(card: string, entryMode: number): Promise<unknown>;
  removeCard(): Promise<unknown>;
}
