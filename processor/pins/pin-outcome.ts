/** What came of a PIN; `NOT_ASKED` but for an online PIN. */
export type PinOutcome = "NOT_ASKED" | "VERIFIED" | "WRONG" | "TRIES_EXCEEDED" | "REFUSED";
