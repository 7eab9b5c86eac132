import { create } from "@bufbuild/protobuf";
import { PaymentRecordSchema } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import type { CommandIo, CommonOptions } from "../command-io.ts";
import { exitCodeOf } from "../exit-code.ts";
import { openRunningMesh } from "../open-running-mesh.ts";
import { getPaymentRequest, parsePaymentKey } from "../payment-key.ts";
import { printMessage } from "../print-message.ts";
import { recordLines } from "../record-lines.ts";

/** Prints what the relay knows of one payment. @returns the exit code. */
export async function query(io: CommandIo, text: string, options: CommonOptions): Promise<number> {
  const key = parsePaymentKey(text);
  using mesh = await openRunningMesh(options.dataDir, io.clock);
  const request = getPaymentRequest(key, mesh.directory);
  const { payment = create(PaymentRecordSchema) } = await mesh.clients.relay.getPayment(request);
  if (options.json === true) printMessage(io, PaymentRecordSchema, payment);
  else for (const line of recordLines(payment, io)) io.print(line);
  return exitCodeOf(payment);
}
