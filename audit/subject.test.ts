import { create, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { ReaderCertificateSchema } from "../gen/cardlane/keys/v1/keys_pb.ts";
import {
  SendReceiptRequestSchema,
  SetOptOutRequestSchema,
} from "../gen/cardlane/relay/v1/notification_pb.ts";
import {
  CancelPaymentRequestSchema,
  DeviceState,
  RegisterReadersRequestSchema,
  SetTerminalContactRequestSchema,
} from "../gen/cardlane/relay/v1/relay_pb.ts";
import { subjectOf } from "./subject.ts";

const payload = toBinary(
  ReaderCertificateSchema,
  create(ReaderCertificateSchema, {
    serial: "SIM-0001",
    model: "x",
    signingKey: new Uint8Array(32),
  }),
);
const reader = {
  certificate: { payload },
  merchantId: "CORNERCOFFEE001",
  state: DeviceState.ACTIVE,
};

test("devices stand there by the names in their certificates", () => {
  const request = create(RegisterReadersRequestSchema, { readers: [reader] });
  expect(subjectOf(RegisterReadersRequestSchema, request)).toBe(
    "serial=SIM-0001 merchant_id=CORNERCOFFEE001 state=ACTIVE",
  );
});

test("bytes that are no certificate stand there by their digest", () => {
  const certificate = { payload: Uint8Array.of(0xff, 0xff) };
  const request = create(RegisterReadersRequestSchema, { readers: [{ ...reader, certificate }] });
  expect(subjectOf(RegisterReadersRequestSchema, request)).toMatch(
    /^certificate=sha256:[0-9a-f]{16} merchant_id=CORNERCOFFEE001 state=ACTIVE$/,
  );
});

test("people stand there by the end of their address", () => {
  const phone = "+4366012345678";
  const contact = { phone, email: "till@shop.example", language: "de", timeZone: "Europe/Vienna" };
  const given = { terminalId: "TILL0001", contact };
  const set = create(SetTerminalContactRequestSchema, given);
  expect(subjectOf(SetTerminalContactRequestSchema, set)).toBe(
    "terminal_id=TILL0001 phone=…5678 email=…@shop.example language=de time_zone=Europe/Vienna",
  );
  const receipt = create(SendReceiptRequestSchema, { address: { case: "phone", value: phone } });
  expect(subjectOf(SendReceiptRequestSchema, receipt)).toBe("phone=…5678");
  const optOut = create(SetOptOutRequestSchema, { address: phone, isOptedOut: true });
  expect(subjectOf(SetOptOutRequestSchema, optOut)).toContain("address=…5678");
});

test("it is one line without control characters, of 2000 characters at most", () => {
  const paymentId = `a\u001b[31m\n\u202e b${"x".repeat(5_000)}`;
  const subject = subjectOf(
    CancelPaymentRequestSchema,
    create(CancelPaymentRequestSchema, { paymentId }),
  );
  expect(subject).toHaveLength(2_000);
  expect(subject).toMatch(/^payment_id=a_bx+…$/);
});
