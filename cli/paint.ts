import { type StyleTextOptions, styleText } from "node:util";

/** Puts colour around text, or leaves it alone. Pad first, paint then: colour has no width. */
export type Paint = (style: Style, text: string) => string;

export type Style = "bold" | "dim" | "green" | "red" | "yellow" | "cyan";

/** Colours for a person at a terminal; none for a pipe or file, nor with NO_COLOR. */
export function paintFor(stream: NonNullable<StyleTextOptions["stream"]>): Paint {
  return (style, text) => styleText(style, text, { stream });
}

export const plainPaint: Paint = (_style, text) => text;
