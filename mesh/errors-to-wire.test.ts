import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from "../gen/google/rpc/error_details_pb.ts";
import { PAYMENT_ERRORS, PaymentError, type PaymentErrorCode } from "../payment/errors.ts";
import { callFailure, paymentErrorFrom, toConnectError } from "./errors-to-wire.ts";
import { createLog, silentLog } from "./log.ts";
import { ManualClock } from "./testing/manual-clock.ts";

const codes = Object.keys(PAYMENT_ERRORS) as PaymentErrorCode[];

test.each(codes)("%s keeps its status and comes back as itself", (code) => {
  const wire = toConnectError(new PaymentError(code, "what was expected"), silentLog);
  expect(wire.code).toBe(PAYMENT_ERRORS[code].grpcStatus);
  expect(paymentErrorFrom(wire)).toMatchObject({ code, message: "what was expected" });
});

test("field and delay are google.rpc details", () => {
  const facts = { field: "amounts.total_minor", retryAfterMs: 1_250 };
  const error = new PaymentError("OVERLOADED", "too many at once", facts);
  const wire = toConnectError(error, silentLog);
  expect(wire.findDetails(ErrorInfoSchema)).toMatchObject([
    {
      reason: "OVERLOADED",
      domain: "cardlane",
      metadata: { certainty: "FINAL", next_step: "RETRY_SAME_ID" },
    },
  ]);
  expect(wire.findDetails(BadRequestSchema)).toMatchObject([
    { fieldViolations: [{ field: "amounts.total_minor", reason: "OVERLOADED" }] },
  ]);
  expect(wire.findDetails(RetryInfoSchema)).toMatchObject([
    { retryDelay: { seconds: 1n, nanos: 250_000_000 } },
  ]);
  expect(paymentErrorFrom(wire)).toMatchObject(facts);
});

test.each([
  { name: "a bug", error: new TypeError("track 4242424242424242=3012") },
  { name: "a text", error: "4242424242424242" },
  { name: "undefined", error: undefined },
  { name: "another program's error", error: wireError() },
])("nothing of $name gets out", ({ error }) => {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const log = createLog({ program: "t", instance: "t" }, new ManualClock(), "info", destination);
  const wire = toConnectError(error, log);
  expect(wire).toMatchObject({ code: Code.Internal, rawMessage: "INTERNAL", details: [] });
  expect(lines).toHaveLength(1);
  expect(lines.join()).not.toContain("4242");
});

test("a ConnectError of this program stays as it is", () => {
  const error = new ConnectError("no such thing", Code.NotFound);
  expect(toConnectError(error, silentLog)).toBe(error);
});

test.each([
  { name: "without details", details: [] },
  {
    name: "of another domain",
    details: [{ desc: ErrorInfoSchema, value: { reason: "OVERLOADED", domain: "elsewhere" } }],
  },
  {
    name: "with a code that is not in the table",
    details: [{ desc: ErrorInfoSchema, value: { reason: "NEW_CODE", domain: "cardlane" } }],
  },
])("an error $name is no PaymentError", ({ details }) => {
  const error = new ConnectError("x", Code.Internal, undefined, details);
  expect(paymentErrorFrom(error)).toBeUndefined();
});

function wireError(): ConnectError {
  const error = new ConnectError("4242424242424242", Code.NotFound);
  error.isWireError = true;
  return error;
}

test.each([
  { name: "a connection that is refused", error: new ConnectError("", Code.Unavailable) },
  { name: "a connection that breaks", error: new ConnectError("", Code.Aborted) },
  { name: "a stream that is reset", error: new ConnectError("RST_STREAM", Code.Internal) },
  {
    name: "no answer in time",
    error: new ConnectError("", Code.DeadlineExceeded),
    code: "DEADLINE_EXCEEDED",
  },
  {
    name: "a failure that nobody expected",
    error: toConnectError(new Error("a bug"), silentLog),
    code: "INTERNAL",
  },
  {
    name: "a refusal",
    error: toConnectError(new PaymentError("OVERLOADED", "later"), silentLog),
    code: "OVERLOADED",
  },
])("a call that fails with $name is told as that", ({ error, code = "UPSTREAM_NOT_REACHED" }) => {
  const failure = callFailure(error, "the relay");
  expect(failure).toBeInstanceOf(PaymentError);
  expect(failure).toMatchObject({ code });
});

test("what is no failure of a call stays what it is", () => {
  const bug = new TypeError("a bug");
  expect(callFailure(bug, "the relay")).toBe(bug);
});
