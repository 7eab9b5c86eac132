import { type DescMessage, fromBinary } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { PaymentError } from "../../payment/errors.ts";
import { MessageSplitter } from "../stream/length-prefix.ts";
import { MessagePieces, type SmallPieces } from "../stream/message-pieces.ts";

/**
 * A request's body as it came, after a look at whether its bytes are the message that they should
 * be. Connect would call malformed bytes INTERNAL, as if the fault were the server's.
 *
 * @throws PaymentError MALFORMED_REQUEST. @throws TooManyPieces
 */
export async function* checkedBody(
  body: AsyncIterable<Uint8Array>,
  { input, contentType, messageBytesMax, small }: BodyExpected,
): AsyncGenerator<Uint8Array> {
  const isFramed = /^application\/(grpc(-web)?(\+proto)?|connect\+proto)$/.test(contentType ?? "");
  const isBare = contentType === "application/proto";
  const check = (bytes: Uint8Array) => requireMessage(input, bytes);
  let splitter = isFramed ? new MessageSplitter(messageBytesMax, check, small) : undefined;
  const pieces = new MessagePieces(small);
  const bare: Uint8Array[] = [];
  let bareBytes = 0;
  for await (const chunk of body) {
    bareBytes += chunk.byteLength;
    if (isBare && bareBytes <= messageBytesMax) bare.push(chunk);
    if (splitter === undefined) pieces.add(chunk.byteLength);
    try {
      splitter?.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    } catch (error) {
      if (!(error instanceof ConnectError)) throw error;
      // A prefix that is wrong is told by whoever reads the body next.
      splitter = undefined;
    }
    yield chunk;
  }
  if (splitter === undefined) pieces.finish();
  if (isBare && bareBytes <= messageBytesMax) check(Buffer.concat(bare));
}

interface BodyExpected {
  readonly input: DescMessage;
  readonly contentType: string | undefined;
  readonly messageBytesMax: number;
  /** Of the connection, where its peer may not cut everything small. */
  readonly small: SmallPieces | undefined;
}

function requireMessage(input: DescMessage, bytes: Uint8Array): void {
  try {
    fromBinary(input, bytes);
  } catch (cause) {
    throw new PaymentError("MALFORMED_REQUEST", "a message is malformed", { cause });
  }
}
