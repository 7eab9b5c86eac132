import { create } from "@bufbuild/protobuf";
import {
  type Client,
  Code,
  ConnectError,
  createContextValues,
  type HandlerContext,
} from "@connectrpc/connect";
import {
  CancelPaymentResponseSchema,
  GetManifestResponseSchema,
  GetPaymentResponseSchema,
  type RelayService,
} from "../../../gen/cardlane/relay/v1/relay_pb.ts";
import { toConnectError } from "../../../mesh/errors-to-wire.ts";
import { silentLog } from "../../../mesh/log.ts";
import type { MeshService } from "../../../mesh/service.ts";
import type { FrameStream } from "../../../mesh/stream/frame-stream.ts";
import type { Life } from "./host.ts";
import type { World } from "./world.ts";

type UnaryHandler = (request: object, context: HandlerContext) => object | Promise<object>;

/** What a handler of a unary call is told of its caller: nothing. */
const UNARY = { values: createContextValues() } as HandlerContext;
/** As a client gives up when the caller names no other time. */
const DEADLINE_MS = 10_000;
const LATENCY_MS_MAX = 10;
const LOST_CHANCE = 0.05;

/** One unary call: request and answer each travel, or get lost; then the deadline ends it. */
export function callRemote<Answer>(
  world: World,
  client: Life,
  server: Life | undefined,
  method: () => Answer | Promise<Answer>,
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const travel = (to: Life, arrive: () => void) => {
    if (world.strikes(LOST_CHANCE)) return;
    world.timeline.after(world.dice.next() * LATENCY_MS_MAX, () => to.deliver(arrive));
  };
  client.timer(DEADLINE_MS, () =>
    reject(new ConnectError("deadline exceeded", Code.DeadlineExceeded)),
  );
  if (server === undefined) {
    client.timer(1, () => reject(new ConnectError("nobody listens", Code.Unavailable)));
    return promise;
  }
  travel(server, () => {
    Promise.resolve()
      .then(method)
      .then(
        (answer) => travel(client, () => resolve(answer)),
        (error) => travel(client, () => reject(overTheWire(error))),
      );
  });
  return promise;
}

/** What a terminal asks relays for, of all that they answer. @param call makes one call. */
export function relayClient(
  call: (method: string, request: object) => Promise<object>,
): Client<typeof RelayService> {
  const calls = {
    getPayment: async (request: object) =>
      create(GetPaymentResponseSchema, await call("getPayment", request)),
    cancelPayment: async (request: object) =>
      create(CancelPaymentResponseSchema, await call("cancelPayment", request)),
    getManifest: async (request: object) =>
      create(GetManifestResponseSchema, await call("getManifest", request)),
  };
  return calls as unknown as Client<typeof RelayService>;
}

/** The client sees what the server meant, and nothing of what it knew. */
function overTheWire(error: unknown): ConnectError {
  return toConnectError(error, silentLog);
}

/** A method that a stream is opened for. */
export type BidiMethod = {
  readonly localName: string;
  readonly parent: { readonly typeName: string };
};

/** What the first of `services` answers that has the method. */
export function answerUnary(
  services: readonly MeshService[],
  method: string,
  request: object,
): object | Promise<object> {
  const service = services.find(({ methods }) => methods[method] !== undefined);
  const input = service?.desc.method[method]?.input;
  if (service === undefined || input === undefined) throw new Error(`bug: nobody serves ${method}`);
  // A handler gets a message, as from the wire.
  return (service.methods[method] as UnaryHandler)(create(input, { ...request }), UNARY);
}

/** What serves the other end of a stream. */
export function streamHandler<In, Out>(services: readonly MeshService[], method: BidiMethod) {
  const { typeName } = method.parent;
  const service = services.find(({ desc }) => desc.typeName === typeName);
  return service?.methods[method.localName] as (stream: FrameStream<In, Out>) => void;
}
