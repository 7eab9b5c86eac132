import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { type Hello, HelloSchema } from "../../gen/cardlane/mesh/v1/stream_pb.ts";

const PROTOCOL_VERSION = 1;

/** cardlane.mesh.v1.Hello.heartbeat_interval_ms: what is announced, and what a peer may. */
const HEARTBEAT_INTERVAL_MS = 10_000;
const HEARTBEAT_INTERVAL_MS_MIN = 1_000;
const HEARTBEAT_INTERVAL_MS_MAX = 60_000;

/** Longest frame accepted when nothing else is said; the same default as the server's. */
const FRAME_BYTES_MAX = 65_536;

/** Who speaks, as it appears in the first frame. */
export interface Speaker {
  /** "relay/0.1.0" */
  readonly program: string;
  /** "relay-A1" */
  readonly instance: string;
  readonly heartbeatIntervalMs?: number;
  readonly frameBytesMax?: number;
}

/** @param nowMs the speaker's wall clock. */
export function helloOf(speaker: Speaker, nowMs: number): Hello {
  return create(HelloSchema, {
    program: speaker.program,
    instance: speaker.instance,
    protocolVersion: PROTOCOL_VERSION,
    heartbeatIntervalMs: speaker.heartbeatIntervalMs ?? HEARTBEAT_INTERVAL_MS,
    frameBytesMax: speaker.frameBytesMax ?? FRAME_BYTES_MAX,
    timeMs: BigInt(Math.round(nowMs)),
  });
}

/** @throws ConnectError FAILED_PRECONDITION for another version, INVALID_ARGUMENT otherwise. */
export function checkHello(hello: Hello): void {
  if (hello.protocolVersion !== PROTOCOL_VERSION) {
    const message = `protocol_version must be ${PROTOCOL_VERSION}, got ${hello.protocolVersion}`;
    throw new ConnectError(message, Code.FailedPrecondition);
  }
  // Without bounds a peer could switch the watch for dead streams off.
  const intervalMs = hello.heartbeatIntervalMs;
  if (intervalMs < HEARTBEAT_INTERVAL_MS_MIN || intervalMs > HEARTBEAT_INTERVAL_MS_MAX) {
    const range = `${HEARTBEAT_INTERVAL_MS_MIN} to ${HEARTBEAT_INTERVAL_MS_MAX}`;
    const message = `heartbeat_interval_ms must be ${range}, got ${intervalMs}`;
    throw new ConnectError(message, Code.InvalidArgument);
  }
}
