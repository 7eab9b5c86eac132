import type { ToldEvent } from "./language.ts";

export interface Line {
  readonly label: string;
  readonly value: string;
}

export interface MailPage {
  /** BCP 47 tag of the language that it is written in. */
  readonly language: string;
  readonly event: ToldEvent;
  readonly heading: string;
  readonly amount: string;
  readonly sentence: string;
  readonly lines: readonly Line[];
  readonly note: string;
}

/** On white, and on the near black of a mail reader in the dark: each at least 4.5 to 1. */
const COLOURS: Readonly<Record<ToldEvent, { readonly light: string; readonly dark: string }>> = {
  APPROVED: { light: "#1a7f37", dark: "#56d364" },
  AUTHORIZED: { light: "#1a7f37", dark: "#56d364" },
  DECLINED: { light: "#b42318", dark: "#ff7b72" },
  REVERSED: { light: "#7a5200", dark: "#e3b341" },
  VOIDED: { light: "#7a5200", dark: "#e3b341" },
};

/** A longer amount than this is written smaller, so that it fits a phone. */
const AMOUNT_CHARACTERS_LARGE = 12;
const FONT = "font-family:-apple-system,'Segoe UI',Roboto,Arial,sans-serif";

/**
 * A mail as HTML: tables and inline styles, because that is what every common mail reader shows
 * alike. The colours for the dark are beside them, for readers that know of them.
 */
export function mailPage({ language, event, ...parts }: MailPage): string {
  const { heading, amount, sentence, lines, note } = parts;
  const { light, dark } = COLOURS[event];
  const amountSize = amount.length > AMOUNT_CHARACTERS_LARGE ? 22 : 32;
  return `<!doctype html>
<html lang="${escaped(language)}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>${escaped(heading)}</title>
<style>
@media (prefers-color-scheme: dark) {
  .page { background: #0d1117 !important }
  .card { background: #161b22 !important; border-color: #30363d !important }
  .rule { border-color: #30363d !important }
  .event { color: ${dark} !important }
  .strong { color: #e6edf3 !important }
  .faint { color: #9198a1 !important }
}
</style></head>
<body class="page" style="margin:0;padding:24px 16px;background:#f6f8fa;${FONT};line-height:1.4">
<table role="presentation" class="card" style="width:100%;max-width:480px;margin:0 auto;\
background:#ffffff;border:1px solid #d0d7de;border-radius:8px;border-spacing:0">
<tr><td class="event" style="padding:24px 24px 0;font-size:16px;font-weight:600;color:${light}">
${escaped(heading)}</td></tr>
<tr><td class="strong" style="padding:4px 24px 0;font-size:${amountSize}px;font-weight:600;\
color:#1f2328">
${escaped(amount)}</td></tr>
<tr><td class="strong" style="padding:8px 24px 16px;font-size:14px;color:#1f2328">
${escaped(sentence)}</td></tr>
<tr><td style="padding:0 24px 16px">
<table role="presentation" style="font-size:14px;border-spacing:0">
${lines.map(rowOf).join("\n")}
</table></td></tr>
<tr><td class="rule faint" style="padding:16px 24px;border-top:1px solid #d0d7de;font-size:12px;\
color:#57606a">
${escaped(note)}</td></tr>
</table>
</body>
</html>
`;
}

function rowOf({ label, value }: Line): string {
  const cell = "padding:6px 0;vertical-align:top";
  return (
    `<tr><td class="faint" style="${cell};padding-right:16px;white-space:nowrap;color:#57606a">` +
    `${escaped(label)}</td>` +
    `<td class="strong" style="${cell};word-break:break-word;color:#1f2328">` +
    `${escaped(value)}</td></tr>`
  );
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** A merchant's name is whatever somebody typed. */
function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}
