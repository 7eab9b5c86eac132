import { ConnectError } from "@connectrpc/connect";
import type { Mesh } from "../dev-mesh/mesh-processes.ts";
import { registerAtProcessor } from "../dev-mesh/register-devices.ts";
import { HeldReversalDecision } from "../gen/cardlane/processor/v1/processor_pb.ts";
import type { Surroundings } from "../mesh/surroundings.ts";
import type { Databases } from "./databases.ts";

const LOOK_MS = 3_000;

interface OperatorParts extends Pick<Surroundings, "clock"> {
  readonly mesh: Mesh;
  readonly databases: Databases;
  readonly say: (line: string) => void;
}

/** Lets go on what waits for a person: chaos puts readers back on purpose. */
export class Operator {
  readonly #parts: OperatorParts;

  constructor(parts: OperatorParts) {
    this.#parts = parts;
  }

  async run(stopping: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    while (!stopping.aborted) {
      await this.#releaseReaders();
      await this.#releaseReversals();
      await clock.sleep(LOOK_MS, stopping).catch(() => undefined);
    }
  }

  async #releaseReaders(): Promise<void> {
    const { mesh, say } = this.#parts;
    const suspended = await this.#suspendedReaders();
    if (suspended.length === 0) return;
    say(`released: ${suspended.join(", ")}`);
    await registerAtProcessor(mesh.clients, mesh.directory).catch(unlessAway);
  }

  /** By a ledger's clock that is a day fast, orders come late. */
  async #releaseReversals(): Promise<void> {
    const { mesh, say } = this.#parts;
    const { processorOversight } = mesh.clients;
    const waiting = await processorOversight.listHeldReversals({}).catch(unlessAway);
    for (const { merchantId, paymentId } of waiting?.reversals ?? []) {
      say(`released: the reversal of ${paymentId}`);
      const decision = HeldReversalDecision.RELEASE;
      const order = { merchantId, paymentId, decision };
      await processorOversight.decideHeldReversal(order).catch(unlessAway);
    }
  }

  async #suspendedReaders(): Promise<readonly string[]> {
    const text = "SELECT reader_serial FROM processor.reader WHERE state = 'SUSPENDED'";
    // PostgreSQL may be down, too.
    const rows = await this.#parts.databases
      .query<{ reader_serial: string }>("processor", text)
      .catch(() => []);
    return rows.map(({ reader_serial: serial }) => serial);
  }
}

/** The processor may be down; it is asked again. */
function unlessAway(error: unknown): undefined {
  if (!(error instanceof ConnectError)) throw error;
}
