import type {
  DescMethod,
  DescMethodBiDiStreaming,
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
  MessageShape,
} from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import type { FrameStream } from "./stream/frame-stream.ts";

/**
 * A service and what answers it.
 *
 * Unary and server-streaming methods are written as Connect wants them:
 * `(request, context) => answer` and `async function* (request, context)`. A bidirectional method
 * is `(stream) => void` and gets the stream in push style, whichever protocol the caller speaks.
 */
export function service<S extends DescService>(
  desc: S,
  methods: MethodsOf<S>,
  messageBytesMax: MessageLimits<S> = {},
): MeshService {
  const limits = messageBytesMax as MeshService["messageBytesMax"];
  return { desc, methods: methods as MeshService["methods"], messageBytesMax: limits };
}

/** The longest message that a caller of this method may send, in bytes. */
export function messageBytesMaxOf(
  { messageBytesMax }: MeshService,
  { localName }: DescMethod,
  serverMax: number,
): number {
  return messageBytesMax[localName] ?? serverMax;
}

export interface MeshService {
  readonly desc: DescService;
  /** By local name of the method; a method that is missing answers UNIMPLEMENTED. */
  readonly methods: Readonly<Record<string, unknown>>;
  /** Longest message that a caller may send, in bytes, where it is not the server's own limit. */
  readonly messageBytesMax: Readonly<Record<string, number | undefined>>;
}

/** Longest messages in bytes, of methods that need more, or less, than others. */
type MessageLimits<S extends DescService> = { readonly [K in keyof S["method"]]?: number };

export type MethodsOf<S extends DescService> = {
  readonly [K in keyof S["method"]]?: S["method"][K] extends DescMethodBiDiStreaming<
    infer Request,
    infer Response
  >
    ? (stream: FrameStream<MessageShape<Response>, MessageShape<Request>>) => void
    : S["method"][K] extends DescMethodUnary | DescMethodServerStreaming | DescMethodClientStreaming
      ? ServiceImpl<S>[K]
      : never;
};
