import { Certainty } from "../../../gen/cardlane/payment/v1/payment_pb.ts";
import { RelayService } from "../../../gen/cardlane/relay/v1/relay_pb.ts";
import { silentLog } from "../../../mesh/log.ts";
import { errorOfFault } from "../../../payment/errors.ts";
import type { MerchantId } from "../../../payment/identifiers.ts";
import { RelayLink } from "../../../terminal-client/relay/relay-link.ts";
import { type Observations, ROGUE, shortDigest } from "../checks/observations.ts";
import type { MeshBasis, RogueSubmission } from "../mesh-basis.ts";
import type { SimulatedMesh } from "../simulated-mesh.ts";
import { Host, type Life } from "../world/host.ts";

const START_MS_MAX = 4_000;

/** Submits what no terminal would: one id with two contents, one counter for two ids. */
export class RogueTill {
  readonly #mesh: SimulatedMesh;
  readonly #basis: MeshBasis;
  readonly #life: Life;
  readonly #seen: Observations;

  constructor(mesh: SimulatedMesh, basis: MeshBasis, seen: Observations) {
    this.#seen = seen;
    this.#mesh = mesh;
    this.#basis = basis;
    this.#life = new Host(mesh.world, ROGUE).begin();
  }

  run(): void {
    const { dice, timeline } = this.#mesh.world;
    for (const submission of this.#basis.rogueSubmissions) {
      if (!this.#mesh.hosts.has(submission.relay)) continue;
      timeline.after(dice.between(1_000, START_MS_MAX), () => this.#submit(submission));
    }
  }

  /** Payments that it began are final without it. */
  stop(): void {
    this.#life.host.crash("it is over");
  }

  #submit({ signed, relay }: RogueSubmission): void {
    const life = this.#life;
    if (life.isOver) return;
    const link = new RelayLink({
      open: () => this.#mesh.dial<never, never>(life, [relay], RelayService.method.transact),
      calls: this.#mesh.relayCalls(life, [relay]),
      merchantId: this.#basis.rogue.terminal.merchantId as MerchantId,
      instance: ROGUE,
      clock: life,
      log: silentLog,
      jitter: life.jitter,
      onChange: () => undefined,
    });
    const say = (what: string) =>
      this.#mesh.world.history.add(ROGUE, `${signed.paymentId} ${what}`);
    const submission = link.submit({
      paymentId: signed.paymentId,
      signed: signed.signed,
      traceparent: "",
      onRecorded: ({ recordNumber }) => {
        say(`is record ${recordNumber}`);
        this.#seen.accepted.push({ recordNumber, digest: shortDigest(signed.digest) });
      },
      onCompleted: ({ certainty, state }) => {
        say(`state ${state}`);
        if (certainty === Certainty.FINAL) submission[Symbol.dispose]();
      },
      onRefused: ({ fault }) => {
        const code = fault === undefined ? "" : errorOfFault(fault).code;
        say(`refused ${code}`);
        if (fault?.certainty === Certainty.FINAL) submission[Symbol.dispose]();
      },
    });
  }
}
