/** Stands for a piece of code in a sentence: one word, whatever is in it. */
const CODE = "\u{E000}";
/** A full stop after these ends no sentence. */
const ABBREVIATION = /(?:^|[\s(])(?:e\.g|i\.e|cf|vs|etc|approx|[A-Z])\.$/;
/** What ends a sentence, with the quotation marks and brackets that close behind it. */
const END = /[.!?]["'”’)\]]*(?=\s)/g;
const LIST_ITEM = /^\s*(?:[-*+]|\d+[.)])\s+/;

/** A sentence of a document, as a reader sees it: without marks, links and code written out. */
interface Sentence {
  readonly text: string;
  readonly words: number;
}

/**
 * The sentences of a Markdown text. Tables, headings and code blocks have none. An item of a list
 * begins a sentence; a colon or a semicolon does not end one.
 */
export function sentencesOf(markdown: string): readonly Sentence[] {
  return blocksOf(markdown).flatMap((block) =>
    cut(visible(block)).map((text) => ({
      text: text.replaceAll(CODE, "`…`"),
      words: text.split(/\s+/).filter((word) => /[\p{L}\p{N}\u{E000}]/u.test(word)).length,
    })),
  );
}

/** What people read of a Markdown text, tables and headings too: code is left out. */
export function wordsOf(markdown: string): string {
  return visible(withoutCodeBlocks(markdown).replaceAll(/\s+/g, " "));
}

/** Paragraphs and items of lists. */
function blocksOf(markdown: string): readonly string[] {
  const blocks: string[] = [];
  let isOpen = false;
  for (const line of withoutCodeBlocks(markdown).split("\n")) {
    const text = line.replace(/^\s*>\s?/, "");
    if (text.trim() === "" || /^\s*(?:\||#|-{3,}$|<)/.test(text)) {
      isOpen = false;
    } else if (isOpen && !LIST_ITEM.test(text)) {
      blocks.push(`${blocks.pop()} ${text.trim()}`);
    } else {
      blocks.push(text.replace(LIST_ITEM, "").trim());
      isOpen = true;
    }
  }
  return blocks;
}

function withoutCodeBlocks(markdown: string): string {
  return markdown.replaceAll(/^ *```.*?^ *```$/gms, "");
}

function visible(text: string): string {
  return text
    .replaceAll(/(`+)[^`].*?\1/g, CODE)
    .replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replaceAll(/\*\*|__|(?<![\p{L}\p{N}])[*_]|[*_](?![\p{L}\p{N}])/gu, "");
}

function cut(block: string): readonly string[] {
  const sentences: string[] = [];
  let start = 0;
  for (const { index, 0: mark } of block.matchAll(END)) {
    const end = index + mark.length;
    const sentence = block.slice(start, end);
    if (ABBREVIATION.test(sentence)) continue;
    sentences.push(sentence.trim());
    start = end;
  }
  return [...sentences, block.slice(start).trim()].filter((sentence) => sentence !== "");
}
