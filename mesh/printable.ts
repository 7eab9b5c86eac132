import { stripVTControlCharacters } from "node:util";

/**
 * Text that came from another program, made safe for a terminal: no escape sequences, control
 * characters or marks that change the direction of what follows.
 */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "");
}
