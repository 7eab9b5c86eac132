import { Code, ConnectError } from "@connectrpc/connect";
import { FrameInbox } from "../../../mesh/stream/frame-inbox.ts";
import {
  CLEAN_END,
  type ExplainEnd,
  endWith,
  type FrameStream,
  type Peer,
} from "../../../mesh/stream/frame-stream.ts";
import type { Life } from "./host.ts";
import type { World } from "./world.ts";

const LATENCY_MS_MIN = 0.2;
const LATENCY_MS_MAX = 8;
/** A link now and then takes much longer for one frame; what is behind it waits. */
const SLOW_FRAME_CHANCE = 0.01;
const SLOW_FRAME_MS_MAX = 2_500;
/** The other end of a dead program hears of it, or (a machine without power) never does. */
const SILENT_DEATH_CHANCE = 0.15;

/** All streams of the mesh, and what can happen to them. */
export class Network {
  /** Told of every frame that leaves a program. */
  onFrame: (sender: string, frame: unknown) => void = () => undefined;
  readonly #world: World;
  readonly #wires = new Set<Wire>();

  constructor(world: World) {
    this.#world = world;
  }

  /** @param server undefined when nobody listens: the stream ends with UNAVAILABLE. */
  connect<Out, In>(
    client: Life,
    server: Life | undefined,
    serve: (stream: FrameStream<In, Out>) => void,
  ): FrameStream<Out, In> {
    const wire = new Wire(this.#world, client, server ?? client, {
      over: () => this.#wires.delete(wire),
      tap: (sender, frame) => this.onFrame(sender, frame),
    });
    this.#wires.add(wire);
    const [clientEnd, serverEnd] = wire.ends<Out, In>();
    this.#world.timeline.after(wire.latencyMs(), () => {
      if (server === undefined || server.isOver) wire.cut();
      else server.deliver(() => serve(serverEnd));
    });
    return clientEnd;
  }

  /** Cuts one connection; both sides hear of it. */
  cutOne(): void {
    this.#pick()?.cut();
  }

  /** Nothing gets through one connection for a while, or ever again; nobody is told. */
  halfOpenOne(durationMs: number | undefined): void {
    this.#pick()?.stall(durationMs);
  }

  heal(): void {
    for (const wire of this.#wires) wire.heal();
  }

  #pick(): Wire | undefined {
    const wires = [...this.#wires];
    return wires.length === 0 ? undefined : this.#world.dice.pick(wires);
  }
}

interface WireListener {
  over(): void;
  tap(sender: string, frame: unknown): void;
}

/** One connection with one stream. */
class Wire {
  readonly name: string;
  readonly #world: World;
  readonly #client: Life;
  readonly #server: Life;
  readonly #listener: WireListener;
  #ends: readonly WireEnd<unknown, unknown>[] = [];
  #stalledUntilMs = 0;
  #isLosing = false;
  #isCut = false;

  constructor(world: World, client: Life, server: Life, listener: WireListener) {
    this.name = `${client.host.name}-${server.host.name}`;
    this.#world = world;
    this.#client = client;
    this.#server = server;
    this.#listener = listener;
    for (const life of [client, server]) life.host.onCrash(this.#crashed);
  }

  tap(sender: string, frame: unknown): void {
    this.#listener.tap(sender, frame);
  }

  get isSilent(): boolean {
    return this.#isLosing;
  }

  ends<Out, In>(): [FrameStream<Out, In>, FrameStream<In, Out>] {
    const client = new WireEnd<Out, In>(this, "client", this.#world, this.#client);
    const server = new WireEnd<In, Out>(this, "server", this.#world, this.#server);
    client.connectTo(server);
    server.connectTo(client);
    this.#ends = [client, server] as unknown as readonly WireEnd<unknown, unknown>[];
    return [client, server];
  }

  /** How long a frame that leaves now is on its way. */
  latencyMs(): number {
    const { dice } = this.#world;
    const stalledMs = Math.max(0, this.#stalledUntilMs - this.#world.timeline.elapsedMs);
    const slowMs = this.#world.strikes(SLOW_FRAME_CHANCE) ? dice.next() * SLOW_FRAME_MS_MAX : 0;
    return stalledMs + slowMs + LATENCY_MS_MIN + dice.next() * (LATENCY_MS_MAX - LATENCY_MS_MIN);
  }

  cut(): void {
    if (this.#isCut) return;
    this.#isCut = true;
    this.#world.history.add("net", `cut ${this.name}`);
    for (const end of this.#ends) end.lose();
  }

  stall(durationMs: number | undefined): void {
    this.#world.history.add("net", `half-open ${this.name} ${durationMs ?? "for ever"}`);
    if (durationMs === undefined) this.#isLosing = true;
    else this.#stalledUntilMs = this.#world.timeline.elapsedMs + durationMs;
  }

  heal(): void {
    this.#stalledUntilMs = 0;
    // A connection that lost frames can not go on as if nothing had been.
    if (this.#isLosing) this.cut();
  }

  over(): void {
    this.#listener.over();
    for (const life of [this.#client, this.#server]) life.host.forget(this.#crashed);
  }

  readonly #crashed = (): void => {
    if (this.#world.strikes(SILENT_DEATH_CHANCE)) this.stall(undefined);
    else this.cut();
  };
}

class WireEnd<Out, In> implements FrameStream<Out, In> {
  readonly peer: Peer;
  readonly #wire: Wire;
  readonly #role: "client" | "server";
  readonly #world: World;
  readonly #life: Life;
  readonly #over = new AbortController();
  readonly #inbox: FrameInbox<In>;
  #other: WireEnd<In, Out> | undefined;
  #lastArrivalMs = 0;
  #isEndSent = false;
  readonly draining = new AbortController().signal;
  #explain: ExplainEnd = (status) => status;

  constructor(wire: Wire, role: "client" | "server", world: World, life: Life) {
    this.#wire = wire;
    this.#role = role;
    this.#world = world;
    this.#life = life;
    this.peer = { identity: undefined, address: wire.name, headers: new Headers() };
    this.#inbox = new FrameInbox(
      () => undefined,
      (error) => this.end(ConnectError.from(error, Code.Internal)),
    );
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  connectTo(other: WireEnd<In, Out>): void {
    this.#other = other;
  }

  send(frame: Out): boolean {
    if (this.#isEndSent || this.#over.signal.aborted || this.#life.isOver) return false;
    const { history } = this.#world;
    history.add(this.#life.host.name, `sends on ${this.#wire.name}: ${caseOf(frame)}`);
    this.#wire.tap(this.#life.host.name, frame);
    this.#other?.arriveLater((end) => end.#inbox.push(frame));
    return true;
  }

  onWritable(): void {}

  onFrame(handler: (frame: In) => void): void {
    this.#inbox.onFrame(handler);
  }

  onEnd(handler: Parameters<FrameStream<Out, In>["onEnd"]>[0]): void {
    this.#inbox.onEnd(handler);
  }

  pause(): void {
    this.#inbox.pause();
  }

  resume(): void {
    this.#inbox.resume();
  }

  explainEnd(explain: ExplainEnd): void {
    this.#explain = explain;
  }

  end(error?: ConnectError): void {
    if (this.#isEndSent || this.#over.signal.aborted) return;
    this.#isEndSent = true;
    const status = error && this.#explain(error);
    const isHalf = this.#role === "client" && status === undefined;
    this.#other?.arriveLater((end) => end.#finish(status, !isHalf));
    if (!isHalf) queueMicrotask(() => this.#finish(status, true));
  }

  /** The connection is lost; each side notices in its own time. */
  lose(): void {
    const error = new ConnectError("connection lost", Code.Unavailable);
    this.#lastArrivalMs = 0;
    this.#world.timeline.after(this.#world.dice.next() * LATENCY_MS_MAX, () =>
      this.#life.deliver(() => this.#finish(error, true)),
    );
  }

  /** In order: nothing overtakes within one stream. */
  arriveLater(arrive: (end: WireEnd<Out, In>) => void): void {
    if (this.#wire.isSilent) return;
    const { timeline } = this.#world;
    const arrivalMs = Math.max(this.#lastArrivalMs, timeline.elapsedMs + this.#wire.latencyMs());
    this.#lastArrivalMs = arrivalMs;
    timeline.after(arrivalMs - timeline.elapsedMs, () => {
      if (this.#wire.isSilent) return;
      this.#life.deliver(() => arrive(this));
    });
  }

  #finish(error: ConnectError | undefined, isOver: boolean): void {
    this.#inbox.finish(error === undefined ? CLEAN_END : endWith(error));
    if (!isOver || this.#over.signal.aborted) return;
    this.#over.abort();
    this.#wire.over();
  }
}

function caseOf(frame: unknown): string {
  const { frame: one } = frame as { frame?: { case?: string } };
  return one?.case ?? "salt";
}
