/**
 * What a reader is doing, and what it listens to meanwhile. Everything else that comes is refused
 * and changes nothing.
 *
 *     IDLE ─prepare▶ AWAITING_CARD ─present▶ AWAITING_CONFIRM ─confirm▶ AWAITING_RESULT ─▶ IDLE
 *       └──prepare (PIN retry)───────────────▶      └─▶ AWAITING_PIN ─typePin▶
 *
 * `cancel`, `pressCancel`, `expire` and `cut` (the session was lost) lead back to IDLE from every
 * step before the signature. After it only the terminal can cancel, because it alone knows whether
 * the payment was submitted.
 */
const ACCEPTED_IN_STEP = {
  IDLE: ["prepare", "showResult", "showUnknown", "resend", "remove", "cut"],
  AWAITING_CARD: ["present", "cancel", "pressCancel", "remove", "expire", "cut"],
  AWAITING_CONFIRM: ["confirm", "cancel", "pressCancel", "remove", "expire", "cut"],
  AWAITING_PIN: ["typePin", "cancel", "pressCancel", "remove", "expire", "cut"],
  AWAITING_RESULT: [
    "prepare",
    "showResult",
    "showUnknown",
    "resend",
    "cancel",
    "remove",
    "expire",
    "cut",
  ],
} as const satisfies Record<string, readonly StepInput[]>;

export type Step = keyof typeof ACCEPTED_IN_STEP;

export type StepInput =
  // From the terminal.
  | "prepare"
  | "confirm"
  | "cancel"
  | "showResult"
  | "showUnknown"
  | "resend"
  // From hands at the reader.
  | "present"
  | "remove"
  | "typePin"
  | "pressCancel"
  // From the clock and the session.
  | "expire"
  | "cut";

export function isAccepted(step: Step, input: StepInput): boolean {
  return (ACCEPTED_IN_STEP[step] as readonly StepInput[]).includes(input);
}

/** How long the reader waits in each step, in milliseconds. IDLE lasts. */
export const STEP_MS_MAX: Readonly<Record<Exclude<Step, "IDLE">, number>> = {
  AWAITING_CARD: 60_000,
  AWAITING_CONFIRM: 60_000,
  AWAITING_PIN: 30_000,
  // From the signature: submit_before is 120 s after it, and an answer may take its time.
  AWAITING_RESULT: 180_000,
};

/** How long after submit_before the signed bytes can still be asked for, in milliseconds. */
export const RESEND_MARGIN_MS = 60_000;
