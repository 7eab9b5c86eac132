import type { DescMethod } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { PaymentError } from "../../payment/errors.ts";
import { wireError } from "../errors-to-wire.ts";
import { MessageSplitter } from "../stream/length-prefix.ts";
import { MessagePieces, type SmallPieces } from "../stream/message-pieces.ts";
import { requireLength, requireMessage } from "./request-head.ts";

/**
 * A request's body as it came, after a look at whether its bytes are the messages that they should
 * be. Connect would call malformed bytes INTERNAL, as if the fault were the server's, and would say
 * of none what the contract asks for.
 *
 * @throws ConnectError with a reason. @throws TooManyPieces
 */
export async function* checkedBody(
  body: AsyncIterable<Uint8Array>,
  { method, contentType, messageBytesMax, small }: BodyExpected,
): AsyncGenerator<Uint8Array> {
  const type = contentType?.split(";", 1)[0] ?? "";
  const isFramed = /^application\/(grpc(-web)?(\+(proto|json))?|connect\+(proto|json))$/.test(type);
  const isJson = /[/+]json$/.test(type);
  const isOne = method.methodKind === "unary" || method.methodKind === "server_streaming";
  let messages = 0;
  const check = (bytes: Uint8Array) => {
    messages += 1;
    requireMessage(method.input, bytes, isJson);
    if (isOne && messages > 1) throw notOne(messages);
  };
  const splitter = isFramed ? new MessageSplitter(messageBytesMax, check, small) : undefined;
  const pieces = new MessagePieces(small);
  const bare: Uint8Array[] = [];
  let bareBytes = 0;
  for await (const chunk of body) {
    if (splitter === undefined) {
      bareBytes += chunk.byteLength;
      requireLength(bareBytes, messageBytesMax);
      bare.push(chunk);
      pieces.add(chunk.byteLength);
    }
    splitter?.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    yield chunk;
  }
  if (splitter === undefined) {
    pieces.finish();
    check(Buffer.concat(bare));
  } else if (!splitter.isAtBoundary) {
    throw wireError(new PaymentError("MALFORMED_REQUEST", "the last message is cut short"));
  } else if (isOne && messages === 0) throw notOne(messages);
}

interface BodyExpected {
  readonly method: DescMethod;
  readonly contentType: string | undefined;
  readonly messageBytesMax: number;
  /** Of the connection, where its peer may not cut everything small. */
  readonly small: SmallPieces | undefined;
}

/** The status that gRPC has for it. */
function notOne(messages: number): ConnectError {
  return new ConnectError(`one message was expected, got ${messages}`, Code.Unimplemented);
}
