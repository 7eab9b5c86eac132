import { createHash } from "node:crypto";
import { type DescMessage, type Message, toBinary } from "@bufbuild/protobuf";
import { ConnectError, type HandlerContext } from "@connectrpc/connect";
import { callerOf } from "../mesh/identity/caller.ts";
import type { Surroundings } from "../mesh/surroundings.ts";
import { PaymentError } from "../payment/errors.ts";
import type { Act, ActKind } from "./acts.ts";
import type { AuditDetails } from "./audit-entry.ts";
import { type AuditLog, type AuditPlace, PROPOSAL_MS } from "./audit-log.ts";
import { subjectOf } from "./subject.ts";

interface OperatorAuditOptions extends Pick<Surroundings, "clock" | "log"> {
  readonly entries: Pick<AuditLog, "append" | "openProposal">;
  /** "relay" */
  readonly program: string;
  /** Kinds of acts that need two operators. */
  readonly fourEyes?: readonly ActKind[] | undefined;
}

/** One call that may be an act. */
interface Call {
  /** "package.Service/Method" */
  readonly name: string;
  readonly act: Act;
  readonly input: DescMessage;
  readonly request: Message;
  readonly context: HandlerContext;
}

/** Writes down what operators do. What cannot be written down is not done. */
export class OperatorAudit {
  readonly #options: OperatorAuditOptions;

  constructor(options: OperatorAuditOptions) {
    this.#options = options;
  }

  /**
   * Does what was asked, between two entries.
   *
   * @throws whatever `run` throws. PaymentError NEEDS_SECOND_OPERATOR when another operator has to
   *   ask for the same first; STORE_NOT_REACHED when nothing can be written down.
   */
  async during<Answer>(call: Call, run: () => Answer): Promise<Awaited<Answer>> {
    const { identity, address } = callerOf(call.context);
    if (!isOperators(call.act, identity) || isOnlyAsked(call.request)) return await run();
    const details = {
      program: this.#options.program,
      actor: identity ?? "plaintext",
      address,
      method: call.name,
      subject: subjectOf(call.input, call.request),
      requestDigest: createHash("sha256").update(toBinary(call.input, call.request)).digest(),
    };
    const begun = await this.#begin(details, call.act);
    try {
      const answer = await run();
      await this.#end({ ...details, step: "DONE", ofSequence: begun.sequence, outcome: "" });
      return answer;
    } catch (error) {
      const outcome = outcomeOf(error);
      await this.#end({ ...details, step: "REFUSED", ofSequence: begun.sequence, outcome });
      throw error;
    }
  }

  async #begin(details: Asked, { kind }: Act): Promise<AuditPlace> {
    const isForTwo = this.#options.fourEyes?.includes(kind) === true;
    const ofSequence = isForTwo ? await this.#proposalOfAnother(details) : 0n;
    const begun = await this.#append({ ...details, step: "BEGUN", ofSequence, outcome: "" });
    // Of two second operators at once, one has carried on the proposal.
    return begun ?? (await this.#propose(details));
  }

  /** @throws PaymentError NEEDS_SECOND_OPERATOR */
  async #proposalOfAnother(details: Asked): Promise<bigint> {
    const { method, requestDigest, actor } = details;
    const sinceMs = this.#options.clock.nowMs() - PROPOSAL_MS;
    const asked = { method, requestDigest, sinceMs };
    const proposal = await this.#options.entries.openProposal(asked);
    if (proposal === undefined) return await this.#propose(details);
    if (proposal.actor === actor) throw needsAnother(proposal.sequence);
    return proposal.sequence;
  }

  /** @throws PaymentError NEEDS_SECOND_OPERATOR, always. */
  async #propose(details: Asked): Promise<never> {
    const proposed = { ...details, step: "PROPOSED", ofSequence: 0n, outcome: "" } as const;
    const place = await this.#append(proposed);
    if (place === undefined) throw new Error("bug: a proposal carries nothing on");
    throw needsAnother(place.sequence);
  }

  /** What was done stays done, whether or not this can be written: its beginning is. */
  async #end(entry: Omit<AuditDetails, "atMs">): Promise<void> {
    try {
      await this.#append(entry);
    } catch (error) {
      const { log } = this.#options;
      log.failure("the end of an operator's act could not be written down", error, {
        method: entry.method,
        sequence: entry.ofSequence,
      });
    }
  }

  async #append(entry: Omit<AuditDetails, "atMs">): Promise<AuditPlace | undefined> {
    const { entries, clock, log } = this.#options;
    const place = await entries.append({ ...entry, atMs: clock.nowMs() });
    // Where logs are shipped to, the hash is out of reach of who owns the database.
    log.info("an operator's act was written down", {
      event: "operator_act",
      peerIdentity: entry.actor,
      method: entry.method,
      outcome: entry.step,
      errorCode: entry.outcome === "" ? undefined : entry.outcome,
      sequence: place?.sequence,
      hash: place === undefined ? undefined : Buffer.from(place.hash).toString("hex"),
    });
    return place;
  }
}

type Asked = Omit<AuditDetails, "atMs" | "step" | "ofSequence" | "outcome">;

function needsAnother(sequence: bigint): PaymentError {
  return new PaymentError(
    "NEEDS_SECOND_OPERATOR",
    `this needs two operators: written down as proposal ${sequence}; it is done when another ` +
      "operator asks for exactly the same within an hour",
  );
}

/** Without certificates nobody knows who calls: what no terminal calls is an operator's then. */
function isOperators({ isTerminalsToo }: Act, identity: string | undefined): boolean {
  if (identity === undefined) return isTerminalsToo !== true;
  return identity.split("/")[3] === "operator";
}

/** Whether it only wants to hear what would be done. */
function isOnlyAsked(request: Message & { readonly validateOnly?: unknown }): boolean {
  return request.validateOnly === true;
}

function outcomeOf(error: unknown): string {
  if (error instanceof PaymentError) return error.code;
  return error instanceof ConnectError ? `status ${error.code}` : "INTERNAL";
}
