/** Where receipts may go that an attacker asks for. No mesh under siege has a way to send any. */
interface Address {
  readonly case: "phone" | "email";
  readonly value: string;
  /** Whoever has the number may earn by each message, or it costs more than others. */
  readonly isCostly: boolean;
}

/** Premium numbers, satellites, and a number for which its holder pays. */
const COSTLY: readonly ((digits: (count: number) => string) => string)[] = [
  (digits) => `+371900${digits(5)}`,
  (digits) => `+1900234${digits(4)}`,
  (digits) => `+8816${digits(9)}`,
  (digits) => `+870773${digits(6)}`,
  (digits) => `+80012${digits(6)}`,
];
/** Of one country, whose share they may use up: behind 555 nobody is called there. */
const USUAL: readonly ((n: number) => string)[] = [
  (n) => `+1202555${String(n % 10_000).padStart(4, "0")}`,
  (n) => `+1303555${String(n % 10_000).padStart(4, "0")}`,
];
/** Of four addresses one is a mailbox and one is costly. */
const TURN = 4;

/** The n-th address; another n has another one, for as long as there are more. */
export function nthAddress(n: number): Address {
  const turn = Math.floor(n / TURN);
  switch (n % TURN) {
    case 0:
      return { case: "email", value: `guest-${turn}@shop.example`, isCostly: false };
    case 1: {
      const make = COSTLY[turn % COSTLY.length] as (typeof COSTLY)[number];
      const value = make((count) => String(2 * 10 ** (count - 1) + (turn % 10 ** (count - 1))));
      return { case: "phone", value, isCostly: true };
    }
    default: {
      const make = USUAL[n % USUAL.length] as (typeof USUAL)[number];
      return { case: "phone", value: make(turn), isCostly: false };
    }
  }
}
