import { Dice } from "./dice.ts";
import { History } from "./history.ts";
import { Timeline } from "./timeline.ts";

/** What all parts of one simulated run share. */
export class World {
  readonly seed: number;
  readonly timeline = new Timeline();
  readonly dice: Dice;
  readonly history: History;
  readonly startMs = Timeline.startMs;
  /** Whether anything may still go wrong. */
  isFaulty = true;
  /** Sent to a database and not done yet, also by programs that have ended. */
  statementsUnderWay = 0;

  constructor(seed: number) {
    this.seed = seed;
    this.dice = new Dice(seed);
    this.history = new History(() => this.timeline.elapsedMs);
  }

  /** Whether a fault of this likeliness strikes now. */
  strikes(probability: number): boolean {
    return this.isFaulty && this.dice.chance(probability);
  }
}
