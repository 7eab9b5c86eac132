import { readdirSync } from "node:fs";
import { join } from "node:path";

/** What is told of a payment. */
export type ToldEvent = "APPROVED" | "AUTHORIZED" | "DECLINED" | "REVERSED" | "VOIDED";

/**
 * The words of one language. A file of `languages/` is one, named for its ISO 639 code; there is no
 * list to add it to.
 */
export interface Language {
  /** Of money that the card pays. */
  readonly payment: Telling;
  /** Of money that goes back to the card. */
  readonly refund: Telling;
  /** Of a question about the card, which moves nothing. */
  readonly enquiry: Telling;
  /** Why a payment or refund was declined, by response code (ISO 8583 DE 39). */
  readonly reasons: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<Label, string>>;
  /** Stands between a label and its value: ": ". */
  readonly colon: string;
  /** Last line of a mail to the owner of a terminal. */
  readonly ownerNote: string;
  /** Last line of a receipt. */
  readonly cardholderNote: string;
  /** Answer to an SMS that asks for help. */
  readonly smsHelp: string;
}

/** What is said of each event. */
export interface Telling {
  /** What a message begins with: "Approved". */
  readonly events: Readonly<Record<ToldEvent, string>>;
  /** One sentence for each, for people who do not live in card payments. */
  readonly sentences: Readonly<Record<ToldEvent, string>>;
  /** Why it was declined, for a response code that is not in `reasons`. */
  readonly reasonOther: string;
}

export type Label =
  | "amount"
  | "tip"
  | "cashback"
  | "due"
  | "card"
  | "merchant"
  | "terminal"
  | "time"
  | "record"
  | "approvalCode"
  | "reason"
  | "receipt";

/** Taken for a language that has no file. */
const FALLBACK = "en";

const DIRECTORY = join(import.meta.dirname, "languages");

const LANGUAGES = new Map<string, Language>(
  await Promise.all(
    readdirSync(DIRECTORY)
      .filter((file) => /^[a-z]{2,3}\.ts$/.test(file))
      .map(async (file): Promise<[string, Language]> => {
        const { language }: { language: Language } = await import(join(DIRECTORY, file));
        return [file.replace(".ts", ""), language];
      }),
  ),
);

/** ISO 639 codes of all languages that there are: "en", "zh". */
export const LANGUAGE_CODES: readonly string[] = [...LANGUAGES.keys()].sort();

/** The tag itself, or that of the language that is taken instead: "de-AT" is written in "en". */
export function spokenTag(tag: string): string {
  return LANGUAGES.has(codeOf(tag)) ? tag : FALLBACK;
}

function codeOf(tag: string): string {
  return tag.split("-", 1).join().toLowerCase();
}

/** @param tag BCP 47: "zh-CN" takes languages/zh.ts. */
export function languageOf(tag: string): Language {
  const found = LANGUAGES.get(codeOf(spokenTag(tag)));
  if (found === undefined) throw new Error(`bug: languages/${FALLBACK}.ts is missing`);
  return found;
}
