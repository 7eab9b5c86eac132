import { PaymentError } from "../../payment/errors.ts";

/** A till has one watch, and perhaps one on a line that broke and is not known to be over. */
export const WATCHES_OF_ONE_MAX = 4;
/** Of all callers of one relay. */
export const WATCHES_MAX = 200;
/** Of these, for operators alone. */
export const WATCHES_FOR_OPERATORS = 20;

/** Who watches: nobody takes the places of all, and operators find one whoever watches. */
export class WatchPlaces {
  readonly #byIdentity = new Map<string, number>();
  #taken = 0;

  /**
   * @param identity SPIFFE URI; undefined in plaintext, where there is nobody to tell apart.
   * @param isOperator whether the reserve is for this caller, too.
   * @returns the place, to be given back. @throws PaymentError OVERLOADED
   */
  take(identity: string | undefined, isOperator: boolean): Disposable {
    const own = identity === undefined ? 0 : (this.#byIdentity.get(identity) ?? 0);
    if (own >= WATCHES_OF_ONE_MAX) {
      throw new PaymentError("OVERLOADED", `at most ${WATCHES_OF_ONE_MAX} watches of one identity`);
    }
    const most = isOperator ? WATCHES_MAX : WATCHES_MAX - WATCHES_FOR_OPERATORS;
    if (this.#taken >= most) {
      throw new PaymentError("OVERLOADED", `at most ${most} may watch at the same time`);
    }
    this.#taken += 1;
    if (identity !== undefined) this.#byIdentity.set(identity, own + 1);
    return { [Symbol.dispose]: () => this.#giveBack(identity) };
  }

  #giveBack(identity: string | undefined): void {
    this.#taken -= 1;
    if (identity === undefined) return;
    const left = (this.#byIdentity.get(identity) ?? 1) - 1;
    if (left === 0) this.#byIdentity.delete(identity);
    else this.#byIdentity.set(identity, left);
  }
}
