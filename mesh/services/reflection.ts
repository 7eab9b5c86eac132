import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  create,
  createRegistry,
  type DescExtension,
  type DescFile,
  type DescMessage,
  type DescService,
  fromBinary,
  type MessageInitShape,
  type Registry,
  toBinary,
} from "@bufbuild/protobuf";
import {
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  type SourceCodeInfo,
} from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { file_google_rpc_error_details } from "../../gen/google/rpc/error_details_pb.ts";
import { file_google_rpc_status } from "../../gen/google/rpc/status_pb.ts";
import {
  ServerReflection,
  type ServerReflectionRequest,
  ServerReflectionResponseSchema,
} from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import {
  type ServerReflectionRequest as AlphaRequest,
  ServerReflectionResponseSchema as AlphaResponseSchema,
  ServerReflection as ServerReflectionAlpha,
} from "../../gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { Health } from "../../gen/health/v1/health_pb.ts";
import type { Clock } from "../clock.ts";
import { type MeshService, service } from "../service.ts";
import type { FrameStream } from "../stream/frame-stream.ts";

/** Not reachable from any service, but errors carry them, and grpcurl prints what it finds here. */
const EXTRA_FILES = [file_google_rpc_error_details, file_google_rpc_status];

/**
 * grpc.reflection v1 and v1alpha over the descriptors of these services, with the contracts'
 * comments: grpcurl can then list, describe and call them without proto files.
 */
export function reflectionServices(
  services: readonly DescService[],
  clock: Clock,
  count: CountQuestion,
): readonly MeshService[] {
  const index = new DescriptorIndex([...services, Health, ServerReflection, ServerReflectionAlpha]);
  return [
    service(ServerReflection, {
      serverReflectionInfo: (stream) =>
        answerAll(stream, clock, count, (request) =>
          create(ServerReflectionResponseSchema, {
            validHost: request.host,
            originalRequest: request,
            messageResponse: index.answer(request.messageRequest),
          }),
        ),
    }),
    service(ServerReflectionAlpha, {
      serverReflectionInfo: (stream) =>
        answerAll(stream, clock, count, (request) =>
          create(AlphaResponseSchema, {
            validHost: request.host,
            originalRequest: request,
            messageResponse: index.answer(request.messageRequest) as AlphaAnswer,
          }),
        ),
    }),
  ];
}

/** A stream that asks nothing for so long is ended; a client that wants more opens another. */
const SILENT_MS_MAX = 60_000;

/** Counts one question of this identity. @throws PaymentError OVERLOADED */
type CountQuestion = (identity: string | undefined) => void;

/**
 * One question a turn of the event loop, and none while the answers are not read: a question of
 * forty bytes has an answer of a hundred thousand.
 */
function answerAll<Out, In>(
  stream: FrameStream<Out, In>,
  clock: Clock,
  count: CountQuestion,
  answer: (request: In) => Out,
): void {
  const awaitQuestion = () => clock.timer(SILENT_MS_MAX, () => stream.end());
  let silence = awaitQuestion();
  stream.onFrame((request) => {
    count(stream.peer.identity);
    silence.cancel();
    silence = awaitQuestion();
    stream.pause();
    if (stream.send(answer(request))) setImmediate(() => stream.resume());
  });
  stream.onWritable(() => setImmediate(() => stream.resume()));
  stream.onEnd(() => stream.end());
  stream.draining.addEventListener("abort", () => stream.end());
  stream.signal.addEventListener("abort", () => silence.cancel());
}

class DescriptorIndex {
  readonly #services: readonly DescService[];
  readonly #files = new Map<string, DescFile>();
  readonly #bytes = new Map<DescFile, Uint8Array>();
  readonly #registry: Registry;

  constructor(services: readonly DescService[]) {
    this.#services = services;
    for (const { file } of services) this.#add(file);
    for (const file of EXTRA_FILES) this.#add(file);
    this.#registry = createRegistry(...this.#files.values());
  }

  /** The questions of v1 and v1alpha are the same but for the names of their types. */
  answer(request: Question): Answer {
    switch (request.case) {
      case "listServices": {
        const names = this.#services.map((one) => ({ name: one.typeName }));
        return { case: "listServicesResponse", value: { service: names } };
      }
      case "fileByFilename":
        return this.#filesAnswer(this.#files.get(request.value));
      case "fileContainingSymbol":
        return this.#filesAnswer(this.#fileOfSymbol(request.value));
      case "fileContainingExtension": {
        const { containingType, extensionNumber } = request.value;
        const extensions = this.#extensionsOf(containingType);
        return this.#filesAnswer(extensions.find((one) => one.number === extensionNumber)?.file);
      }
      case "allExtensionNumbersOfType":
        return this.#extensionNumbers(request.value);
      default:
        return errorAnswer(Code.InvalidArgument, "request has no known kind");
    }
  }

  #extensionNumbers(typeName: string): Answer {
    if (this.#registry.getMessage(typeName) === undefined) {
      return errorAnswer(Code.NotFound, "type is not known");
    }
    const extensionNumber = this.#extensionsOf(typeName).map((one) => one.number);
    return {
      case: "allExtensionNumbersResponse",
      value: { baseTypeName: typeName, extensionNumber },
    };
  }

  #extensionsOf(typeName: string): DescExtension[] {
    return [...this.#registry].filter(
      (desc) => desc.kind === "extension" && desc.extendee.typeName === typeName,
    ) as DescExtension[];
  }

  /** A symbol may be a type or service, or a method, field or value inside one. */
  #fileOfSymbol(symbol: string): DescFile | undefined {
    const desc = this.#registry.get(symbol);
    if (desc !== undefined) return desc.file;
    const dot = symbol.lastIndexOf(".");
    const parent = dot < 0 ? undefined : this.#registry.get(symbol.slice(0, dot));
    if (parent === undefined) return undefined;
    const name = symbol.slice(dot + 1);
    return namesInside(parent).includes(name) ? parent.file : undefined;
  }

  /** The file and everything it imports, so that one question is enough. */
  #filesAnswer(file: DescFile | undefined): Answer {
    if (file === undefined) return errorAnswer(Code.NotFound, "symbol or file is not known");
    const files = new Set<DescFile>();
    const add = (one: DescFile) => {
      if (files.has(one)) return;
      files.add(one);
      one.dependencies.forEach(add);
    };
    add(file);
    const fileDescriptorProto = [...files].map((one) => this.#bytesOf(one));
    return { case: "fileDescriptorResponse", value: { fileDescriptorProto } };
  }

  /** With the contract's comments; made once. */
  #bytesOf(file: DescFile): Uint8Array {
    const known = this.#bytes.get(file);
    if (known !== undefined) return known;
    const { proto } = file;
    const sourceCodeInfo = commentsOf(proto.name);
    const commented = sourceCodeInfo === undefined ? proto : { ...proto, sourceCodeInfo };
    const bytes = toBinary(FileDescriptorProtoSchema, commented);
    this.#bytes.set(file, bytes);
    return bytes;
  }

  #add(file: DescFile): void {
    const name = file.proto.name;
    if (this.#files.has(name)) return;
    this.#files.set(name, file);
    for (const dependency of file.dependencies) this.#add(dependency);
  }
}

type Question = ServerReflectionRequest["messageRequest"] | AlphaRequest["messageRequest"];

type AlphaAnswer = NonNullable<MessageInitShape<typeof AlphaResponseSchema>["messageResponse"]>;

type Answer = NonNullable<
  MessageInitShape<typeof ServerReflectionResponseSchema>["messageResponse"]
>;

function namesInside(desc: ReturnType<Registry["get"]>): readonly string[] {
  switch (desc?.kind) {
    case "service":
      return desc.methods.map((method) => method.name);
    case "message":
      return membersOf(desc);
    case "enum":
      return desc.values.map((value) => value.name);
    default:
      return [];
  }
}

function membersOf(desc: DescMessage): readonly string[] {
  return [...desc.fields, ...desc.oneofs].map((member) => member.name);
}

function errorAnswer(errorCode: Code, errorMessage: string): Answer {
  return { case: "errorResponse", value: { errorCode, errorMessage } };
}

const PROTOSET = join(import.meta.dirname, "../../gen/cardlane.protoset");

let comments: ReadonlyMap<string, SourceCodeInfo> | undefined;

/**
 * The comments of one contract, which its stubs do not carry; read when first asked for.
 *
 * @param fileName "cardlane/relay/v1/relay.proto"
 * @returns undefined for a file that is not one of the contracts.
 */
function commentsOf(fileName: string): SourceCodeInfo | undefined {
  comments ??= readComments();
  return comments.get(fileName);
}

function readComments(): ReadonlyMap<string, SourceCodeInfo> {
  const set = fromBinary(FileDescriptorSetSchema, readFileSync(PROTOSET));
  return new Map(
    set.file.flatMap(({ name, sourceCodeInfo }) =>
      sourceCodeInfo === undefined ? [] : [[name, sourceCodeInfo] as const],
    ),
  );
}
