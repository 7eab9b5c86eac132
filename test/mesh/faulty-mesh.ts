import { expect, vi } from "vitest";
import { DEVELOPMENT_MESH } from "../../dev-mesh/development-keys.ts";
import type { ProgramName } from "../../dev-mesh/mesh-directory.ts";
import type { Mesh } from "../../dev-mesh/mesh-processes.ts";
import { Certainty, type PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { type MeshFixture, startTestMesh } from "./mesh-fixture.ts";

/** A mesh of which one program at a time fails as it was asked to. */
export class FaultyMesh implements AsyncDisposable {
  readonly mesh: Mesh;
  readonly #fixture: MeshFixture;
  readonly #environment: { CARDLANE_FAULTS: string };
  #faulty: ProgramName | undefined;

  static async start(): Promise<FaultyMesh> {
    // Read again by each program when it starts.
    const environment = { CARDLANE_FAULTS: "" };
    return new FaultyMesh(await startTestMesh({ environment }), environment);
  }

  private constructor(fixture: MeshFixture, environment: { CARDLANE_FAULTS: string }) {
    this.mesh = fixture.mesh;
    this.#fixture = fixture;
    this.#environment = environment;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#fixture[Symbol.asyncDispose]();
  }

  /** The only one that has faults: what an earlier case left to another program ends here. */
  async restartWith(name: ProgramName, faults: string): Promise<void> {
    const faulty = this.#faulty;
    if (faulty !== undefined && faulty !== name) await this.mesh.program(faulty).restart();
    this.#environment.CARDLANE_FAULTS = faults;
    await this.mesh.program(name).restart();
    this.#environment.CARDLANE_FAULTS = "";
    this.#faulty = faults === "" ? undefined : name;
  }

  /** Its reader and a relay are there: what is paid now gets to the step that fails. */
  async terminalIsReady(): Promise<void> {
    const { readerSerial, isRelayConnected } = await this.mesh.clients.terminal.getTerminal({});
    expect(readerSerial).not.toBe("");
    expect(isRelayConnected).toBe(true);
  }

  async balance() {
    const { merchantId } = DEVELOPMENT_MESH;
    return await this.mesh.clients.processorRegistry.getBalance({ merchantId, currency: 978 });
  }

  async expectCharged(
    before: { readonly balanceMinor: bigint },
    amountMinor: bigint,
  ): Promise<void> {
    const after = await eventually(() => this.balance());
    expect(after.balanceMinor - before.balanceMinor).toBe(amountMinor);
    expect(after.recomputedMinor).toBe(after.balanceMinor);
  }

  /** The relay's word, once it is final. */
  async finalState(paymentId: string): Promise<PaymentState> {
    return await eventually(async () => {
      const key = { case: "paymentId", value: paymentId } as const;
      const { payment } = await this.mesh.clients.relay.getPayment({ key });
      if (payment?.certainty !== Certainty.FINAL) throw new Error(`still ${payment?.state}`);
      return payment.state;
    });
  }
}

/** Asks again until it succeeds; vitest's time-out ends it. */
export async function eventually<T>(ask: () => Promise<T>): Promise<T> {
  return await vi.waitFor(ask, { timeout: 60_000, interval: 200 });
}
