import { ConnectError } from "@connectrpc/connect";
import { openRunningMesh, type RunningMesh } from "../../dev-mesh/clients.ts";
import { paymentErrorFrom } from "../../mesh/errors-to-wire.ts";
import {
  findLinked,
  findTraceId,
  readTrace,
  type SpanRecord,
} from "../../mesh/tracing/span-record.ts";
import { CommandError, EXIT_CODES } from "../command-end.ts";
import type { CommandIo, CommonOptions } from "../io/command-io.ts";
import { getPaymentRequest, type PaymentName, parsePaymentName } from "../payment-name.ts";
import { formatDuration } from "../print/text.ts";
import { waterfallLines } from "../print/waterfall.ts";

/** Prints where a payment spent its time. @returns the exit code. */
export async function trace(io: CommandIo, text: string, options: CommonOptions): Promise<number> {
  const key = parsePaymentName(text);
  using mesh = await openRunningMesh(options.dataDir, io.clock);
  const traceId = await traceIdOf(mesh, key);
  const spans = traceId === undefined ? [] : await readTrace(mesh.directory.spans, traceId);
  if (spans.length === 0) {
    throw new CommandError("NOT_FOUND", `no spans of ${key.value} are kept on this machine`);
  }
  const linked = traceId === undefined ? [] : await findLinked(mesh.directory.spans, traceId);
  if (options.json === true) {
    io.print(JSON.stringify({ traceId, spans, linked }));
    return EXIT_CODES.approved;
  }
  io.print(io.paint("dim", `trace ${traceId}`));
  for (const line of waterfallLines(spans, io)) io.print(line);
  for (const line of linkedLines(linked, spans)) io.print(line);
  return EXIT_CODES.approved;
}

/** What came of the payment later, in traces of its own: "relay notification.send sms +12 ms". */
function linkedLines(linked: readonly SpanRecord[], spans: readonly SpanRecord[]): string[] {
  const startMs = spans[0]?.startedAtMs ?? 0;
  return linked.map(({ program, name, startedAtMs, durationMs, isError }) => {
    const outcome = isError ? ", failed" : "";
    const after = formatDuration(startedAtMs - startMs);
    return `${program.padEnd(11)} ${name}  after ${after}, ${formatDuration(durationMs)}${outcome}`;
  });
}

/**
 * From the record; while the relay is away, from the spans themselves.
 *
 * @throws ConnectError PAYMENT_NOT_FOUND where neither knows the payment, as `query` says it.
 */
async function traceIdOf(mesh: RunningMesh, key: PaymentName): Promise<string | undefined> {
  try {
    const request = getPaymentRequest(key, mesh.directory);
    const { payment } = await mesh.clients.relay.getPayment(request);
    if (payment !== undefined && payment.traceId !== "") return payment.traceId;
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    const traceId = await findTraceId(mesh.directory.spans, key.value);
    const isUnknown = paymentErrorFrom(error)?.code === "PAYMENT_NOT_FOUND";
    if (traceId === undefined && isUnknown) throw error;
    return traceId;
  }
  return await findTraceId(mesh.directory.spans, key.value);
}
