import { fromBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { CertaintySchema, NextStepSchema } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { StatusSchema } from "../../gen/google/rpc/status_pb.ts";
import { paymentErrorFrom, toConnectError } from "../../mesh/errors-to-wire.ts";
import { silentLog } from "../../mesh/log.ts";
import { grpcTrailers } from "../../mesh/stream/grpc-trailers.ts";
import { PAYMENT_ERRORS, PaymentError, type PaymentErrorCode } from "../../payment/errors.ts";
import { bytes, type Given, hex, type Vector, type VectorFile } from "./vector.ts";

const MESSAGE = "what was expected, and what came";

/** The trailer grpc-status-details-bin of an error, as every server here sends it. */
function statusOf(error: PaymentError | ConnectError): string {
  const details = grpcTrailers(toConnectError(error, silentLog))["grpc-status-details-bin"];
  return hex(Buffer.from(String(details ?? ""), "base64"));
}

const codes = Object.keys(PAYMENT_ERRORS) as PaymentErrorCode[];

/** What does an error mean, and what may its caller do then? */
export const errors: VectorFile = {
  name: "errors",
  about:
    "status is a google.rpc.Status, as in the trailer grpc-status-details-bin. Give code, " +
    "gRPC status, certainty and next step, and field and delay where they are there. " +
    "expect is INTERNAL for an error that does not say what it means: nothing is sure " +
    "then.",
  vectors: [
    ...codes.map(
      (code): Vector => ({
        name: code,
        why: "a row of the closed table of errors",
        given: { status: statusOf(new PaymentError(code, MESSAGE)) },
        expect: "accepted",
      }),
    ),
    {
      name: "with a field",
      why: "BadRequest names the field that is wrong",
      given: {
        status: statusOf(new PaymentError("AMOUNT_OUT_OF_RANGE", MESSAGE, { field: "amounts" })),
      },
      expect: "accepted",
    },
    {
      name: "with a delay",
      why: "RetryInfo says when to come back",
      given: { status: statusOf(new PaymentError("OVERLOADED", MESSAGE, { retryAfterMs: 1_500 })) },
      expect: "accepted",
    },
    {
      name: "of somebody else",
      why: "an error without ErrorInfo of cardlane, such as a proxy's",
      given: { status: "" },
      expect: "INTERNAL",
    },
  ],
  judge: (given) => meaningOf(bytes(given, "status")),
};

function meaningOf(statusBytes: Uint8Array): Given {
  const { code, message, details } = fromBinary(StatusSchema, statusBytes);
  const wire = new ConnectError(message, code || Code.Unknown);
  wire.details = details.map(({ typeUrl, value }) => {
    return { type: typeUrl.slice(typeUrl.lastIndexOf("/") + 1), value };
  });
  const error = paymentErrorFrom(wire);
  if (error === undefined) throw new PaymentError("INTERNAL", "an error of somebody else");
  const { grpcStatus, certainty, nextStep } = error.row;
  return {
    code: error.code,
    grpc_status: String(grpcStatus),
    certainty: CertaintySchema.value[certainty]?.name ?? "",
    next_step: NextStepSchema.value[nextStep]?.name ?? "",
    ...(error.field === undefined ? {} : { field: error.field }),
    ...(error.retryAfterMs === undefined ? {} : { retry_after_ms: String(error.retryAfterMs) }),
  };
}
