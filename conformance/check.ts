import type { Message } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { MeshChannel } from "../mesh/client/dial.ts";
import { paymentErrorFrom } from "../mesh/errors-to-wire.ts";
import type { Surroundings } from "../mesh/surroundings.ts";
import { PAYMENT_ERRORS, type PaymentErrorCode } from "../payment/errors.ts";
import type { Counter } from "./counter.ts";

/** One thing that the contract asks of an implementation. */
export interface Check<On extends Target = Target> {
  /** What it has to do: "answers Hello with Hello". */
  readonly name: string;
  /** Resolves when it does. @throws ContractBroken, or whatever went wrong. */
  readonly run: (target: On) => Promise<void>;
}

/** What is examined. */
export interface Target extends Pick<Surroundings, "clock"> {
  /** "host:port" */
  readonly address: string;
  readonly channel: MeshChannel;
}

/** What is examined with payments, by devices of our own. */
export interface PayingTarget extends Target {
  readonly counter: Counter;
  /** What the target works with, where we were told. */
  readonly neighbours: { readonly processor?: MeshChannel; readonly reader?: MeshChannel };
}

/** What an implementation does with payments. */
export interface PaymentChecks {
  /** What `introduce` does, for the table. */
  readonly introduction: string;
  /** Makes our devices known, and gets a manifest that is trusted. */
  readonly introduce: (target: PayingTarget) => Promise<void>;
  readonly checks: readonly Check<PayingTarget>[];
}

/** An implementation does something else than the contract says. */
export class ContractBroken extends Error {
  override readonly name = "ContractBroken";
}

/** @throws ContractBroken */
export function expectThat(isTrue: boolean, otherwise: string): asserts isTrue {
  if (!isTrue) throw new ContractBroken(otherwise);
}

/**
 * A call must be refused with this code of the closed table, the gRPC status that goes with it, and
 * the details that programs read.
 *
 * @throws ContractBroken
 */
export async function expectRefusal(call: Promise<Message>, code: PaymentErrorCode): Promise<void> {
  const error = await call.then(() => undefined, ConnectError.from);
  expectThat(error !== undefined, `expected ${code}, got an answer`);
  const status = Code[error.code];
  const meant = paymentErrorFrom(error);
  expectThat(
    meant !== undefined,
    `expected google.rpc.ErrorInfo with ${code}, got ${status} alone`,
  );
  expectThat(meant.code === code, `expected ${code}, got ${meant.code}`);
  const wanted = Code[PAYMENT_ERRORS[code].grpcStatus];
  expectThat(status === wanted, `expected status ${wanted} with ${code}, got ${status}`);
}

/** A call must be refused with this gRPC status. @throws ContractBroken */
export async function expectStatus(call: Promise<Message>, code: Code): Promise<void> {
  const error = await call.then(() => undefined, ConnectError.from);
  const status = error === undefined ? "an answer" : Code[error.code];
  expectThat(error?.code === code, `expected status ${Code[code]}, got ${status}`);
}
