import { stripVTControlCharacters } from "node:util";

/**
 * Text that came from another program, made safe for a terminal: no escape sequences, control
 * characters or marks that change the direction of what follows.
 */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replaceAll(UNPRINTABLE, "");
}

/** Without the two joiners, which are letters to Persian, Hindi and others. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}]|(?![\u200c\u200d])\p{Cf}/gu;
