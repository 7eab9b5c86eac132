import { create } from "@bufbuild/protobuf";
import { ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import {
  ProcessorService,
  ProcessRequestSchema,
  ProcessResponseSchema,
} from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { RelayService } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import {
  ServerReflection,
  ServerReflectionRequestSchema,
} from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import { dial } from "../client/dial.ts";
import { systemClock as clock } from "../clock.ts";
import { silentLog as log } from "../log.ts";
import { serve } from "../server/serve.ts";
import { service } from "../service.ts";
import { liveStream } from "../stream/stream-life.ts";

/**
 * A program of its own, because only a heap without a test runner in it can be measured: serves,
 * opens so many streams of each kind that is named, ends them all, and prints by how many bytes the
 * heap has grown. Arguments: number of streams, kinds. To be run with `--expose-gc`.
 */
const KINDS = {
  /** A stream with Hello and Close, on the fast path. */
  life: openLife,
  reflection: openReflection,
  /** The same over Connect's iterables. */
  connect: openConnect,
  unary: callUnary,
  "server-streaming": callWatch,
  "grpc-web": callGrpcWeb,
  http1: callHttp1,
} as const;

/** Opened at once. */
const TOGETHER = 100;
/** Before the first measure: what is made once, and code that gets compiled. */
const WARM_UP = 300;
/** A collection may leave what the next one finds. */
const MEASURES = 5;

const SPEAKER = { program: "leak-probe", instance: "1", frameBytesMax: 1_024 };
const LIFE = { ...SPEAKER, clock, jitter: () => 0.5 };

const server = await serve({
  listen: "127.0.0.1:0",
  services: [
    service(ProcessorService, {
      getManifest: () => ({}),
      process(stream) {
        const life = liveStream(stream, { ...LIFE, role: "server", schema: ProcessResponseSchema });
        life.onFrame(() => life.close());
      },
    }),
    service(RelayService, {
      async *watchPayments() {
        yield { sequence: 1n };
      },
    }),
  ],
  clock,
  log,
});
const channel = dial({ targets: [server.address], services: [], clock });
const baseUrl = `http://${server.address}`;
const connect = createConnectTransport({ baseUrl, httpVersion: "2" });
const grpcWeb = createGrpcWebTransport({ baseUrl, httpVersion: "2" });
const http1 = createConnectTransport({ baseUrl, httpVersion: "1.1" });

const [, , count, ...kinds] = process.argv;
await openAll(WARM_UP);
const beforeBytes = await heapBytes();
await openAll(Number(count));
process.stdout.write(`${(await heapBytes()) - beforeBytes}\n`);
process.exit();

async function openAll(streams: number): Promise<void> {
  for (const kind of kinds) {
    const open = KINDS[kind as keyof typeof KINDS];
    for (let opened = 0; opened < streams; opened += TOGETHER) {
      await Promise.all(Array.from({ length: TOGETHER }, () => open()));
    }
  }
}

/** The least of some measures. */
async function heapBytes(): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let measure = 0; measure < MEASURES; measure += 1) {
    await clock.sleep(20);
    globalThis.gc?.();
    least = Math.min(least, process.memoryUsage().heapUsed);
  }
  return least;
}

function openLife(): Promise<void> {
  const stream = channel.openStream(ProcessorService.method.process);
  const life = liveStream(stream, { ...LIFE, role: "client", schema: ProcessRequestSchema });
  life.onOpen(() => life.close());
  return new Promise((resolve) => life.onEnd(() => resolve()));
}

function openReflection(): Promise<void> {
  const stream = channel.openStream(ServerReflection.method.serverReflectionInfo);
  const question = { case: "listServices", value: "" } as const;
  stream.send(create(ServerReflectionRequestSchema, { messageRequest: question }));
  stream.onFrame(() => stream.end());
  return new Promise((resolve) => stream.onEnd(() => resolve()));
}

async function openConnect(): Promise<void> {
  async function* requests() {
    yield create(ProcessRequestSchema, { frame: { case: "close", value: {} } });
  }
  try {
    await readAll(createClient(ProcessorService, connect).process(requests()));
  } catch (error) {
    // A Close before the Hello is refused; that is an end, too.
    if (!(error instanceof ConnectError)) throw error;
  }
}

async function callUnary(): Promise<void> {
  await channel.client(ProcessorService).getManifest({});
}

async function callWatch(): Promise<void> {
  await readAll(channel.client(RelayService).watchPayments({}));
}

async function callGrpcWeb(): Promise<void> {
  await createClient(ProcessorService, grpcWeb).getManifest({});
}

async function callHttp1(): Promise<void> {
  await createClient(ProcessorService, http1).getManifest({});
}

async function readAll(messages: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of messages);
}
