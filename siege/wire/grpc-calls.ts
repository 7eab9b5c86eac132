import type { DescMethod } from "@bufbuild/protobuf";
import { type Field, grpcFields, headerBlock } from "./hpack.ts";
import { FLAG, FRAME, frameBytes } from "./http2-frames.ts";

/** "/cardlane.relay.v1.RelayService/Transact" */
export function pathOf(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

/** The HEADERS frame that opens a gRPC call, whole. */
export function callStart(streamId: number, path: string, more: readonly Field[] = []): Buffer {
  return frameBytes({
    type: FRAME.HEADERS,
    flags: FLAG.END_HEADERS,
    streamId,
    payload: headerBlock(grpcFields(path, more)),
  });
}

export function dataFrame(streamId: number, payload: Uint8Array, isLast = false): Buffer {
  return frameBytes({
    type: FRAME.DATA,
    flags: isLast ? FLAG.END_STREAM : 0,
    streamId,
    payload,
  });
}

/** Length-Prefixed-Message of gRPC. @param statedBytes where it is not the message's length. */
export function lengthPrefixed(message: Uint8Array, statedBytes = message.byteLength): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(statedBytes >>> 0, 1);
  return Buffer.concat([prefix, message]);
}
