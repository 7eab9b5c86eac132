// How many messages per second one server process echoes on bidirectional streams, and what one
// message costs it: the fast path of mesh/server/serve.ts against connect-node's own adapter.
//
//     node bench/questions/stream-echo.ts [rounds]
//
// The rounds alternate between the two, because machines drift; only the ratio counts. The client
// is the same bare HTTP/2 for both, so that it does not become the bottleneck.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { create, toBinary } from "@bufbuild/protobuf";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import {
  ProcessorService,
  ProcessRequestSchema,
  ProcessResponseSchema,
} from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { systemClock } from "../../mesh/clock.ts";
import { silentLog } from "../../mesh/log.ts";
import { serve } from "../../mesh/server/serve.ts";
import { service } from "../../mesh/service.ts";
import { echoLoad } from "./echo-load.ts";

const ROUNDS = 5;
const LOAD = { streams: 8, windowFrames: 64, durationMs: 2_000 };
const BOX_BYTES = 450;

const SERVERS = { fast: serveFast, connect: serveConnect } as const;
type ServerKind = keyof typeof SERVERS;

interface Round {
  readonly framesPerSecond: number;
  readonly cpuMicrosPerFrame: number;
}

const asked = process.argv[2];
if (asked === "fast" || asked === "connect") {
  process.send?.({ address: await SERVERS[asked]() });
  process.on("message", () => process.send?.(process.cpuUsage()));
  process.on("disconnect", () => process.exit());
} else {
  await compare(Number(asked ?? ROUNDS));
}

async function compare(rounds: number): Promise<void> {
  const results: Record<ServerKind, Round[]> = { fast: [], connect: [] };
  for (let round = 0; round < rounds; round += 1) {
    for (const kind of ["fast", "connect"] as const) {
      results[kind].push(await measure(kind));
    }
  }
  console.log("server    frames/s   server CPU µs/frame   (medians)");
  for (const kind of ["fast", "connect"] as const) {
    const rate = median(results[kind].map((one) => one.framesPerSecond));
    const cpu = median(results[kind].map((one) => one.cpuMicrosPerFrame));
    console.log(`${kind.padEnd(8)} ${rate.toFixed(0).padStart(9)} ${cpu.toFixed(1).padStart(12)}`);
  }
  const ratios = results.fast.map(
    (fast, round) => fast.framesPerSecond / (results.connect[round]?.framesPerSecond ?? Number.NaN),
  );
  console.log(`fast is ${median(ratios).toFixed(2)} times as fast`);
}

async function measure(kind: ServerKind): Promise<Round> {
  const child = fork(import.meta.filename, [kind]);
  const [{ address }] = (await once(child, "message")) as [{ address: string }];
  const box = { case: "box", value: { sealed: new Uint8Array(BOX_BYTES) } } as const;
  const frame = toBinary(ProcessRequestSchema, create(ProcessRequestSchema, { frame: box }));
  const path = `/${ProcessorService.typeName}/${ProcessorService.method.process.name}`;
  const load = { ...LOAD, address, path, frame, clock: systemClock };
  await echoLoad({ ...load, durationMs: LOAD.durationMs / 4 });
  const before = await cpuOf(child);
  const frames = await echoLoad(load);
  const cpuMicros = (await cpuOf(child)) - before;
  child.disconnect();
  await once(child, "exit");
  return {
    framesPerSecond: (frames * 1_000) / LOAD.durationMs,
    cpuMicrosPerFrame: cpuMicros / frames,
  };
}

/** Microseconds of CPU time that the server has used so far. */
async function cpuOf(child: ChildProcess): Promise<number> {
  child.send("cpu");
  const [usage] = (await once(child, "message")) as [NodeJS.CpuUsage];
  return usage.user + usage.system;
}

async function serveFast(): Promise<string> {
  const echo = service(ProcessorService, {
    process(stream) {
      stream.onFrame(({ frame }) => {
        if (frame.case === "box") stream.send(create(ProcessResponseSchema, { frame }));
      });
      stream.onEnd(() => stream.end());
    },
  });
  const server = await serve({
    listen: "127.0.0.1:0",
    services: [echo],
    clock: systemClock,
    log: silentLog,
  });
  return server.address;
}

async function serveConnect(): Promise<string> {
  const adapter = connectNodeAdapter({
    routes: (router) =>
      router.service(ProcessorService, {
        async *process(requests) {
          for await (const { frame } of requests) {
            if (frame.case === "box") yield create(ProcessResponseSchema, { frame });
          }
        },
      }),
  });
  const server = createServer(adapter).listen(0, "127.0.0.1");
  await once(server, "listening");
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
