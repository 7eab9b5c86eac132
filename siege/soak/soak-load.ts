import type { DescMethodBiDiStreaming } from "@bufbuild/protobuf";
import { payOnce } from "../../bench/questions/single-payment.ts";
import { Dice } from "../../chaos/dice.ts";
import { History } from "../../chaos/history.ts";
import { LoadDevice } from "../../chaos/load/load-device.ts";
import { LoadTerminal } from "../../chaos/load/load-terminal.ts";
import { MeshClients } from "../../dev-mesh/clients.ts";
import type { ProgramName } from "../../dev-mesh/mesh-directory.ts";
import { PinService } from "../../gen/cardlane/pin/v1/pin_pb.ts";
import { ProcessorService } from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { ReaderService } from "../../gen/cardlane/reader/v1/reader_pb.ts";
import { RelayService } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { TerminalService } from "../../gen/cardlane/terminal/v1/terminal_pb.ts";
import { ServerReflection } from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import { dial } from "../../mesh/client/dial.ts";
import type { Surroundings } from "../../mesh/surroundings.ts";
import type { BesiegedMesh } from "../besieged-mesh.ts";

const LOAD_TERMINALS = 3;
/** A terminal is replaced by another after so long, with connections of its own. */
const TERMINAL_LIFE_MS = 40_000;
/**
 * Those that were replaced come back: programs rightly keep what they know of a device, and with
 * ever new ones that would look like a leak.
 */
const DEVICES = 24;
const TILL_PAUSE_MS = 500;
/** A till's program is started again after so many payments. */
const PAYMENTS_PER_TILL = 20;
const WATCH_MS = 5_000;
const LIST_PAUSE_MS = 1_000;
/** At each program streams open and end again: ten a second, at the reader one. */
const STREAM_PAUSE_MS = 100;
const READER_PAUSE_MS = 1_000;

interface SoakLoadParts extends Pick<Surroundings, "clock"> {
  readonly besieged: BesiegedMesh;
  readonly seed: string;
  readonly stopping: AbortSignal;
}

/** What a mesh has to do on an ordinary day, at a steady and modest rate. */
export class SoakLoad {
  /** Of the terminals without a till. */
  readonly history = new History();
  readonly latenciesMs: number[] = [];
  readonly failures: string[] = [];
  streamsOpened = 0;
  /** Where the next watch goes on: from the beginning, each would be more work than the last. */
  #watchedUpTo: bigint | undefined;
  readonly #parts: SoakLoadParts;
  /** Those that take no payments now, the next one first. */
  readonly #waiting: LoadDevice[];
  #lastTerminal = 0;

  constructor(parts: SoakLoadParts) {
    this.#parts = parts;
    const { besieged, clock } = parts;
    const { keys } = besieged;
    this.#waiting = Array.from(
      { length: DEVICES },
      (_, place) => new LoadDevice({ keys, index: place + 1, readerNowMs: () => clock.nowMs() }),
    );
  }

  /** Resolves when everybody has stopped and what was open is settled. */
  async run(): Promise<void> {
    const { mesh } = this.#parts.besieged;
    const { addresses } = mesh;
    for (const device of this.#waiting) await device.register(mesh, undefined);
    const streams: readonly (readonly [string, DescMethodBiDiStreaming, number])[] = [
      [addresses.relay, RelayService.method.transact, STREAM_PAUSE_MS],
      [addresses.relay, ServerReflection.method.serverReflectionInfo, STREAM_PAUSE_MS],
      [addresses.processor, ProcessorService.method.process, STREAM_PAUSE_MS],
      [addresses["pin-service"], PinService.method.verify, STREAM_PAUSE_MS],
      [addresses.terminal, TerminalService.method.pay, STREAM_PAUSE_MS],
      [addresses.reader, ReaderService.method.session, READER_PAUSE_MS],
    ];
    await Promise.all([
      ...Array.from({ length: LOAD_TERMINALS }, () => this.#terminals()),
      this.#till(),
      this.#repeatedly("watch", 0, (clients) => this.#watch(clients)),
      this.#repeatedly("list", LIST_PAUSE_MS, async (clients) => {
        await clients.relay.listPayments({ pageSize: 50 });
      }),
      ...streams.map(([address, method, pauseMs]) => this.#streams(address, method, pauseMs)),
    ]);
  }

  async #terminals(): Promise<void> {
    const { besieged, clock, seed, stopping } = this.#parts;
    const { mesh, keys } = besieged;
    while (!stopping.aborted) {
      const device = this.#waiting.shift();
      if (device === undefined) throw new Error("bug: fewer devices than terminals at a time");
      this.#lastTerminal += 1;
      const dice = new Dice(`${seed} terminal ${this.#lastTerminal}`);
      await using terminal = await LoadTerminal.open({
        keys,
        device,
        relays: [mesh.addresses.relay],
        readerNowMs: () => clock.nowMs(),
        proof: undefined,
        elsewhere: undefined,
        history: this.history,
        dice,
        clock,
      });
      const life = new AbortController();
      const running = terminal.run(AbortSignal.any([stopping, life.signal]));
      await this.#pause(TERMINAL_LIFE_MS);
      life.abort();
      await running;
      await terminal.settled();
      this.#waiting.push(device);
    }
  }

  async #till(): Promise<void> {
    const { clock, stopping } = this.#parts;
    while (!stopping.aborted) {
      using clients = await this.#clients();
      for (let paid = 0; paid < PAYMENTS_PER_TILL && !stopping.aborted; paid += 1) {
        await payOnce(clients, clock).then(
          ({ finishedMs }) => this.latenciesMs.push(finishedMs),
          (error: unknown) => this.failures.push(`till: ${String(error)}`),
        );
        await this.#pause(TILL_PAUSE_MS);
      }
    }
  }

  async #repeatedly(
    name: string,
    pauseMs: number,
    work: (clients: MeshClients) => Promise<void>,
  ): Promise<void> {
    while (!this.#parts.stopping.aborted) {
      using clients = await this.#clients();
      await work(clients).catch((error: unknown) => {
        this.failures.push(`${name}: ${String(error)}`);
      });
      await this.#pause(pauseMs);
    }
  }

  async #watch({ relay }: MeshClients): Promise<void> {
    const enough = new AbortController();
    const start = this.#watchedUpTo;
    const from = start === undefined ? { fromNow: true } : { afterSequence: start };
    const watching = (async () => {
      for await (const { position } of relay.watchPayments(from, { signal: enough.signal })) {
        this.#watchedUpTo = position;
      }
    })();
    await this.#pause(WATCH_MS);
    enough.abort();
    // It ends with the cancellation that was asked for.
    await watching.catch(() => undefined);
  }

  async #streams(address: string, method: DescMethodBiDiStreaming, pauseMs: number): Promise<void> {
    const { clock, stopping } = this.#parts;
    using channel = dial({ targets: [address], services: [], clock });
    while (!stopping.aborted) {
      const stream = channel.openStream(method);
      stream.end();
      this.streamsOpened += 1;
      await this.#pause(pauseMs);
    }
  }

  async #clients(): Promise<MeshClients> {
    const { besieged, clock } = this.#parts;
    const { addresses } = besieged.mesh;
    const addressOf = (name: ProgramName) => addresses[name];
    return await MeshClients.open({ addressOf, tlsDirectory: undefined, clock });
  }

  /** Over at once when the load has to stop. */
  async #pause(durationMs: number): Promise<void> {
    const { clock, stopping } = this.#parts;
    await clock.sleep(durationMs, stopping).catch(() => undefined);
  }
}
