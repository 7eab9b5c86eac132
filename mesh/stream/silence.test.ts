import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { LinkProxy } from "../../chaos/proxy.ts";
import {
  ProcessorService,
  ProcessRequestSchema,
  ProcessResponseSchema,
} from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { RelayService } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { dial } from "../client/dial.ts";
import { systemClock } from "../clock.ts";
import { silentLog } from "../log.ts";
import { serve } from "../server/serve.ts";
import { service } from "../service.ts";
import type { EchoResponse } from "../testing/echo-server.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { lastingStream } from "./lasting-stream.ts";
import { Silence } from "./silence.ts";
import { liveStream } from "./stream-life.ts";

const speaker = { program: "test", instance: "1", jitter: () => 0.5 };
/** A client hears nothing for 2.5 intervals of ten seconds. */
const DEAD_MS = 25_000;

test("silence counts from the last word, and while its owner listens", async () => {
  const clock = new ManualClock();
  const dead: number[] = [];
  const silence = new Silence(clock, (silentMs) => dead.push(silentMs));
  silence.start();
  await clock.advance(DEAD_MS - 1);
  silence.heard();
  await clock.advance(DEAD_MS - 1);
  silence.listen(false);
  await clock.advance(10 * DEAD_MS);
  silence.listen(true);
  await clock.advance(DEAD_MS - 1);
  expect(dead).toEqual([]);
  await clock.advance(1);
  expect(dead).toEqual([DEAD_MS]);
  expect(clock.pendingCount).toBe(0);
});

/** A relay and a processor behind a link that can forget its connections. */
async function behindLink(clock: ManualClock) {
  const stack = new AsyncDisposableStack();
  let watches = 0;
  const relay = service(RelayService, {
    getPayment: () => ({}),
    async *watchPayments(_request, { signal }) {
      watches += 1;
      yield { sequence: BigInt(watches) };
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    },
  });
  const processor = service(ProcessorService, {
    process(stream) {
      const options = { ...speaker, role: "server", clock: systemClock } as const;
      liveStream(stream, { ...options, schema: ProcessResponseSchema });
    },
  });
  const listen = "127.0.0.1:0";
  const services = [relay, processor];
  const server = stack.use(await serve({ listen, services, clock: systemClock, log: silentLog }));
  const proxy = stack.use(await LinkProxy.open(server.address));
  const channel = stack.use(
    dial({ targets: [proxy.address], services: [RelayService], clock, timeoutMs: 10_000 }),
  );
  return { proxy, channel, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

test("a server's stream on a dead line ends, and the next one is on a new line", async () => {
  const clock = new ManualClock();
  await using mesh = await behindLink(clock);
  const relay = mesh.channel.client(RelayService);
  const first = relay.watchPayments({})[Symbol.asyncIterator]();
  expect((await first.next()).value).toMatchObject({ sequence: 1n });
  mesh.proxy.forget();
  const silent = first.next();
  silent.catch(() => undefined);
  await clock.advance(DEAD_MS);
  await expect(silent).rejects.toMatchObject({
    code: Code.Unavailable,
    rawMessage: "nothing heard for 25000 ms",
  });
  const second = relay.watchPayments({})[Symbol.asyncIterator]();
  expect((await second.next()).value).toMatchObject({ sequence: 2n });
});

test("a stream that is never answered is on a dead line, too", async () => {
  const clock = new ManualClock();
  await using mesh = await behindLink(clock);
  const relay = mesh.channel.client(RelayService);
  await relay.getPayment({});
  mesh.proxy.forget();
  const silent = relay.watchPayments({})[Symbol.asyncIterator]().next();
  silent.catch(() => undefined);
  await clock.advance(DEAD_MS);
  await expect(silent).rejects.toThrow("nothing heard for 25000 ms");
  await expect(relay.getPayment({})).resolves.toBeDefined();
});

test("a stream whose messages nobody takes is not silent", async () => {
  const clock = new ManualClock();
  await using mesh = await behindLink(clock);
  const changes = mesh.channel.client(RelayService).watchPayments({})[Symbol.asyncIterator]();
  await changes.next();
  await clock.advance(10 * DEAD_MS);
  const next = changes.next();
  next.catch(() => undefined);
  await clock.advance(DEAD_MS - 1);
  const pending = Symbol("pending");
  expect(await Promise.race([next, Promise.resolve(pending)])).toBe(pending);
});

test("a call on a dead line fails, and the next one is on a new line", async () => {
  await using mesh = await behindLink(new ManualClock());
  const relay = mesh.channel.client(RelayService);
  await relay.getPayment({});
  mesh.proxy.forget();
  await expect(relay.getPayment({})).rejects.toMatchObject({ code: Code.DeadlineExceeded });
  await expect(relay.getPayment({})).resolves.toBeDefined();
}, 30_000);

/** A lasting stream over the link, and how often it was up. */
function lastingOver({ channel }: Awaited<ReturnType<typeof behindLink>>, clock: ManualClock) {
  const first = Promise.withResolvers<void>();
  const second = Promise.withResolvers<void>();
  const ups = [first, second];
  const lasting = lastingStream<typeof ProcessRequestSchema, EchoResponse>({
    ...speaker,
    clock,
    schema: ProcessRequestSchema,
    open: () => channel.openStream(ProcessorService.method.process),
    onFrame: () => undefined,
    onUp: () => ups.shift()?.resolve(),
  });
  return { lasting, isUp: first.promise, isUpAgain: second.promise };
}

test("a lasting stream whose line is dead moves to a new line", async () => {
  const clock = new ManualClock();
  await using mesh = await behindLink(clock);
  const { lasting, isUp, isUpAgain } = lastingOver(mesh, clock);
  await isUp;
  mesh.proxy.forget();
  await clock.advance(DEAD_MS + 1_000);
  await isUpAgain;
  await lasting.close();
});

test("a lasting stream that is not greeted on a dead line moves to a new line", async () => {
  const clock = new ManualClock();
  await using mesh = await behindLink(clock);
  const earlier = lastingOver(mesh, clock);
  await earlier.isUp;
  await earlier.lasting.close();
  mesh.proxy.forget();
  const { lasting, isUp } = lastingOver(mesh, clock);
  await clock.advance(11_000);
  await isUp;
  await lasting.close();
});
