import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import {
  RelayService,
  type TransactRequest,
  type TransactResponse,
  TransactResponseSchema,
} from "../gen/cardlane/relay/v1/relay_pb.ts";
import { aboutOpenPayment } from "../mesh/errors-to-wire.ts";
import { callerOf } from "../mesh/identity/caller.ts";
import { type MeshService, service } from "../mesh/service.ts";
import type { FrameStream } from "../mesh/stream/frame-stream.ts";
import { liveStream } from "../mesh/stream/stream-life.ts";
import { PaymentError } from "../payment/errors.ts";
import type { ManifestKeeper } from "./forwarding/manifest-keeper.ts";
import { TerminalStream, type TerminalStreamParts } from "./intake/terminal-stream.ts";
import type { PaymentQueries } from "./queries/payment-queries.ts";
import { completedOf } from "./queries/payment-record.ts";
import type { PaymentWatch } from "./queries/payment-watch.ts";
import type { Cancellation } from "./recovery/cancellation.ts";
import { cancellerOf } from "./registry/canceller.ts";
import type { Registry } from "./registry/registry.ts";
import { type Scope, scopeOf, terminalOf } from "./registry/scope.ts";

/** Of a call, and of a frame on a stream. A Submit with a certificate beside it is under 8 KiB. */
export const MESSAGE_BYTES_MAX = 16_384;

interface RelayServiceParts extends TerminalStreamParts {
  readonly registry: Registry;
  readonly queries: PaymentQueries;
  readonly watch: PaymentWatch;
  readonly cancellation: Cancellation;
  readonly manifest: ManifestKeeper;
}

/** What terminals and people ask of the relay, in the words of its contract. */
export function relayService(parts: RelayServiceParts): MeshService {
  const { queries, watch, cancellation, manifest, registry } = parts;
  const scopeOfCaller = (context: HandlerContext): Promise<Scope> =>
    scopeOf(callerOf(context).identity, registry);
  return service(RelayService, {
    transact: (stream) => transact(stream, parts),
    async getPayment(request, context) {
      return { payment: await queries.get(request, await scopeOfCaller(context)) };
    },
    async listPayments(request, context) {
      const page = await queries.list(request, await scopeOfCaller(context));
      return { ...page, payments: [...page.payments] };
    },
    async *watchPayments(request, context) {
      const { identity } = callerOf(context);
      const watcher = { identity, scopeNow: () => scopeOfCaller(context) };
      yield* watch.watch(request, watcher, context.signal);
    },
    submitInstruction() {
      throw new PaymentError("NOT_SUPPORTED", "instructions are not supported yet");
    },
    async cancelPayment(request, context) {
      const { identity } = callerOf(context);
      const check = { registry, manifest: manifest.current };
      const canceller = await cancellerOf(identity, request, check);
      const { paymentId, payment } = request;
      const outcome = await cancellation.cancel(paymentId, canceller, payment);
      return { completed: completedOf(outcome) };
    },
    getManifest({ haveNumber }) {
      const { current } = manifest;
      if (current === undefined) {
        throw new PaymentError("UPSTREAM_NOT_REACHED", "no processor has been reached yet");
      }
      return current.number === haveNumber ? {} : { manifest: current.delegated };
    },
  });
}

function transact(
  stream: FrameStream<TransactResponse, TransactRequest>,
  parts: RelayServiceParts,
): void {
  const { identity } = stream.peer;
  const key = identity === undefined ? undefined : terminalOf(identity);
  const { program, instance, clock, jitter } = parts.around;
  const speaker = { program, instance, frameBytesMax: MESSAGE_BYTES_MAX };
  const schema = TransactResponseSchema;
  const live = liveStream(stream, { ...speaker, role: "server", schema, clock, jitter });
  if (identity !== undefined && key === undefined) {
    live.fail(new ConnectError("only terminals submit payments", Code.PermissionDenied));
    return;
  }
  const terminal = new TerminalStream(live, key, parts);
  // No error of the stream says of a payment on it that nothing happened.
  stream.explainEnd((status) => (terminal.isAwaited ? aboutOpenPayment(status, "") : status));
}
