import {
  ATTR_DB_COLLECTION_NAME,
  ATTR_DB_OPERATION_BATCH_SIZE,
  ATTR_DB_OPERATION_NAME,
  ATTR_DB_SYSTEM_NAME,
  ATTR_ERROR_TYPE,
  ATTR_SERVER_ADDRESS,
} from "@opentelemetry/semantic-conventions";
import {
  ATTR_RPC_METHOD,
  ATTR_RPC_RESPONSE_STATUS_CODE,
  ATTR_RPC_SYSTEM_NAME,
} from "@opentelemetry/semantic-conventions/incubating";

/**
 * Everything a span may say. There is no way to put anything else on one, so no card data can reach
 * a trace by accident; names that are not cardlane's own follow OpenTelemetry's conventions.
 */
const SPAN_ATTRIBUTES = {
  paymentId: "payment.id",
  recordNumber: "payment.record_number",
  paymentKind: "payment.kind",
  paymentState: "payment.state",
  paymentStep: "payment.step",
  entryMode: "payment.entry_mode",
  outcome: "payment.outcome",
  responseCode: "payment.response_code",
  errorCode: "payment.error_code",
  currency: "payment.currency",
  amountMinor: "payment.amount_minor",
  terminalId: "payment.terminal_id",
  merchantId: "payment.merchant_id",
  readerSerial: "payment.reader_serial",
  batchSize: "payment.batch_size",
  attemptNumber: "payment.attempt_number",

  peerIdentity: "mesh.peer_identity",
  streamNumber: "mesh.stream_number",
  framesSent: "mesh.frames_sent",
  framesReceived: "mesh.frames_received",

  rpcSystem: ATTR_RPC_SYSTEM_NAME,
  rpcMethod: ATTR_RPC_METHOD,
  rpcStatusCode: ATTR_RPC_RESPONSE_STATUS_CODE,
  serverAddress: ATTR_SERVER_ADDRESS,
  errorType: ATTR_ERROR_TYPE,

  dbSystem: ATTR_DB_SYSTEM_NAME,
  dbOperation: ATTR_DB_OPERATION_NAME,
  dbCollection: ATTR_DB_COLLECTION_NAME,
  dbBatchSize: ATTR_DB_OPERATION_BATCH_SIZE,
} as const;

type SpanAttributeName = keyof typeof SPAN_ATTRIBUTES;

export type SpanAttributes = {
  readonly [K in SpanAttributeName]?: string | number | boolean | bigint | undefined;
};

/** In OpenTelemetry's spelling; what is undefined is left out. */
export function toOtelAttributes(
  attributes: SpanAttributes,
): Record<string, string | number | boolean> {
  const named: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || !Object.hasOwn(SPAN_ATTRIBUTES, name)) continue;
    const key = SPAN_ATTRIBUTES[name as SpanAttributeName];
    named[key] = typeof value === "bigint" ? Number(value) : value;
  }
  return named;
}
