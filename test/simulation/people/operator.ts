import { ConnectError } from "@connectrpc/connect";
import {
  HeldReversalDecision,
  type ListHeldReversalsResponse,
} from "../../../gen/cardlane/processor/v1/processor_pb.ts";
import { DeviceState } from "../../../gen/cardlane/relay/v1/relay_pb.ts";
import type { Observations } from "../checks/observations.ts";
import type { MeshBasis } from "../mesh-basis.ts";
import { PROCESSORS } from "../program-names.ts";
import type { SimulatedMesh } from "../simulated-mesh.ts";
import { Host, type Life } from "../world/host.ts";

/** How long a reader waits for somebody who looks at it. */
const LOOK_MS_MIN = 1_000;
const LOOK_MS_MAX = 4_000;

/** Looks at what waits for a person, and lets it go on. */
export class Operator {
  readonly #mesh: SimulatedMesh;
  readonly #basis: MeshBasis;
  readonly #seen: Observations;
  readonly #life: Life;

  constructor(mesh: SimulatedMesh, basis: MeshBasis, seen: Observations) {
    this.#mesh = mesh;
    this.#basis = basis;
    this.#seen = seen;
    this.#life = new Host(mesh.world, "operator").begin();
  }

  run(): void {
    const { dice } = this.#mesh.world;
    this.#life.timer(dice.between(LOOK_MS_MIN, LOOK_MS_MAX), () => {
      void this.#look().then(() => this.run());
    });
  }

  async #look(): Promise<void> {
    await this.#releaseReaders();
    await this.#releaseReversals();
  }

  /** By clocks that are wrong by a day, orders come late. */
  async #releaseReversals(): Promise<void> {
    const answer = await this.#ask("listHeldReversals", { limit: 0 });
    const { reversals = [] } = (answer ?? {}) as Partial<ListHeldReversalsResponse>;
    for (const { merchantId, paymentId } of reversals) {
      const decision = HeldReversalDecision.RELEASE;
      await this.#ask("decideHeldReversal", { merchantId, paymentId, decision });
    }
  }

  async #releaseReaders(): Promise<void> {
    const { lanes, rogue } = this.#basis;
    const waiting = [...lanes, rogue].filter(({ reader }) =>
      this.#seen.suspended.has(reader.serial),
    );
    if (waiting.length === 0) return;
    const readers = waiting.map(({ reader: { certificate }, terminal: { merchantId } }) => {
      return { certificate, merchantId, state: DeviceState.ACTIVE };
    });
    await this.#ask("registerReaders", { readers });
  }

  /** @returns undefined when no processor answered: the next look is soon. */
  async #ask(method: string, request: object): Promise<object | undefined> {
    try {
      return await this.#mesh.call(this.#life, PROCESSORS, method, request);
    } catch (error) {
      if (error instanceof ConnectError) return undefined;
      throw error;
    }
  }
}
