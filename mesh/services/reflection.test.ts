import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { promisify } from "node:util";
import { create, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { RelayService } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import {
  ServerReflection,
  type ServerReflectionRequest,
  ServerReflectionRequestSchema,
  type ServerReflectionResponse,
} from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import { PaymentError } from "../../payment/errors.ts";
import { dial } from "../client/dial.ts";
import { systemClock } from "../clock.ts";
import { echoServer } from "../testing/echo-server.ts";
import { frameStreamPair } from "../testing/frame-stream-pair.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { receive } from "../testing/received.ts";
import { reflectionServices } from "./reflection.ts";

const BUF = join(import.meta.dirname, "../../node_modules/.bin/buf");
const run = promisify(execFile);

/** `buf curl` knows nothing but what reflection tells it. */
async function bufCurl(...rest: readonly string[]): Promise<{ out: string; err: string }> {
  const done = await run(BUF, ["curl", "--http2-prior-knowledge", "--protocol", "grpc", ...rest], {
    cwd: "/",
  }).catch((failure: { stdout: string; stderr: string }) => failure);
  return { out: done.stdout.trim(), err: done.stderr.trim() };
}

test.each(["grpc-v1", "grpc-v1alpha"])(
  "a client without proto files lists (%s)",
  async (version) => {
    await using server = await echoServer();
    const url = `http://${server.address}`;
    const { out } = await bufCurl("--reflect-protocol", version, "--list-services", url);
    expect(out.split("\n")).toEqual([
      "cardlane.processor.v1.ProcessorService",
      "cardlane.relay.v1.RelayService",
      "grpc.health.v1.Health",
      "grpc.reflection.v1.ServerReflection",
      "grpc.reflection.v1alpha.ServerReflection",
    ]);
  },
);

test.each(["grpc-v1", "grpc-v1alpha"])(
  "a client without proto files calls (%s)",
  async (version) => {
    await using server = await echoServer();
    const url = `http://${server.address}/cardlane.processor.v1.ProcessorService/Process`;
    const data = '{"box": {"number": 7}}';
    const { out } = await bufCurl("--reflect-protocol", version, "-d", data, url);
    expect(JSON.parse(out)).toEqual({ box: { number: "7" } });
  },
);

test("errors print with their details", async () => {
  await using server = await echoServer();
  const url = `http://${server.address}/cardlane.relay.v1.RelayService/GetPayment`;
  const { err } = await bufCurl("-d", "{}", url);
  const { code, message, details } = JSON.parse(err);
  expect({ code, message }).toEqual({ code: "not_found", message: "no such record" });
  expect(details.map((detail: { type: string }) => detail.type)).toEqual([
    "google.rpc.ErrorInfo",
    "google.rpc.BadRequest",
  ]);
  expect(fromBinary(ErrorInfoSchema, Buffer.from(details[0].value, "base64"))).toMatchObject({
    reason: "PAYMENT_NOT_FOUND",
    domain: "cardlane",
    metadata: { certainty: "UNKNOWN", next_step: "RETRY_SAME_ID" },
  });
});

test.each([
  { service: "", status: "SERVING" },
  { service: "cardlane.relay.v1.RelayService", status: "SERVING" },
])("health of '$service' is $status", async ({ service, status }) => {
  await using server = await echoServer();
  const url = `http://${server.address}/grpc.health.v1.Health/Check`;
  const { out } = await bufCurl("-d", JSON.stringify({ service }), url);
  expect(JSON.parse(out)).toEqual({ status });
});

async function ask(question: ServerReflectionRequest["messageRequest"]) {
  await using server = await echoServer();
  using channel = dial({ targets: [server.address], services: [], clock: systemClock });
  const stream = channel.openStream(ServerReflection.method.serverReflectionInfo);
  const received = receive(stream);
  stream.send(create(ServerReflectionRequestSchema, { messageRequest: question }));
  const [answer] = await received.count(1);
  return answer?.messageResponse;
}

test.each([
  "cardlane.relay.v1.RelayService",
  "cardlane.relay.v1.RelayService.GetPayment",
  "cardlane.mesh.v1.Hello",
  "cardlane.mesh.v1.Hello.program",
  "cardlane.mesh.v1.DrainReason",
  "google.rpc.ErrorInfo",
  "google.protobuf.Duration",
])("knows the symbol %s", async (symbol) => {
  const answer = await ask({ case: "fileContainingSymbol", value: symbol });
  expect(answer?.case).toBe("fileDescriptorResponse");
});

test.each([
  { case: "fileContainingSymbol", value: "cardlane.relay.v1.Nothing" },
  { case: "fileContainingSymbol", value: "cardlane.mesh.v1.Hello.nothing" },
  { case: "fileContainingSymbol", value: "" },
  { case: "fileByFilename", value: "../../etc/passwd" },
  { case: "allExtensionNumbersOfType", value: "no.such.Type" },
] as const)("answers NOT_FOUND to $case $value", async (question) => {
  const answer = await ask(question);
  expect(answer).toMatchObject({ case: "errorResponse", value: { errorCode: Code.NotFound } });
});

test("answers an empty question with an error, and goes on", async () => {
  const answer = await ask({ case: undefined });
  expect(answer).toMatchObject({
    case: "errorResponse",
    value: { errorCode: Code.InvalidArgument },
  });
});

test("the contract's comments are told with it, and are those of the very same file", async () => {
  const answer = await ask({ case: "fileByFilename", value: "cardlane/relay/v1/relay.proto" });
  expect(answer?.case).toBe("fileDescriptorResponse");
  const files = answer?.case === "fileDescriptorResponse" ? answer.value.fileDescriptorProto : [];
  const told = fromBinary(FileDescriptorProtoSchema, files[0] ?? new Uint8Array());
  const { file } = fromBinary(FileDescriptorSetSchema, readFileSync("gen/cardlane.protoset"));
  const built = file.find(({ name }) => name === told.name);
  expect(told.messageType.map(({ name }) => name)).toEqual(
    built?.messageType.map(({ name }) => name),
  );
  const comments = told.sourceCodeInfo?.location.map(({ leadingComments }) => leadingComments);
  expect(comments).toContain(" The reader's bytes, untouched.\n");
});

/** A stream of questions, not read before `client.resume()`. */
function askingAtOnce(questions: number, count: () => void = () => {}) {
  const [reflection] = reflectionServices([RelayService], new ManualClock(), count);
  const pair = frameStreamPair<ServerReflectionRequest, ServerReflectionResponse>();
  const answer = reflection?.methods.serverReflectionInfo as (stream: typeof pair.server) => void;
  answer(pair.server);
  pair.client.pause();
  const received = receive(pair.client);
  for (let asked = 0; asked < questions; asked += 1) {
    const messageRequest = { case: "fileContainingSymbol", value: RelayService.typeName } as const;
    pair.client.send(create(ServerReflectionRequestSchema, { messageRequest }));
  }
  return { ...pair, received };
}

test("a question is answered in a turn of its own, and none while nobody reads", async () => {
  let answered = 0;
  const { client, received } = askingAtOnce(300, () => {
    answered += 1;
  });
  await nextTurn();
  expect(answered).toBeLessThan(3);
  for (let turn = 0; turn < 400; turn += 1) await nextTurn();
  expect(answered).toBeLessThan(100);
  client.resume();
  await received.count(300);
});

test("questions count against the rate of who asks", async () => {
  const { client, received } = askingAtOnce(3, () => {
    throw new PaymentError("OVERLOADED", "at most 1 a second");
  });
  client.resume();
  expect((await received.end).clean).toBe(false);
  expect(received.frames).toEqual([]);
});

test("a stream that asks nothing is ended", async () => {
  const clock = new ManualClock();
  await using server = await echoServer({ clock });
  using channel = dial({ targets: [server.address], services: [], clock: systemClock });
  const stream = channel.openStream(ServerReflection.method.serverReflectionInfo);
  const received = receive(stream);
  stream.send(create(ServerReflectionRequestSchema));
  await received.count(1);
  await clock.advance(60_000);
  expect(await received.end).toMatchObject({ clean: true });
});
