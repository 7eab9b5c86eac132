/** What somebody may ask of us by SMS. */
type AnswerMeant = "stop" | "start" | "help";

/** In every language that we speak; those that carriers ask for, and what people write instead. */
const WORDS: Readonly<Record<AnswerMeant, readonly string[]>> = {
  stop: [
    ...["STOP", "STOPALL", "STOP ALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE"],
    ...["OPTOUT", "OPT OUT", "OPT-OUT", "STOP PLEASE", "PLEASE STOP", "ARRET", "ARRÊT", "STOPP"],
    ...["退订", "退訂", "TD", "T", "停止"],
  ],
  start: ["START", "UNSTOP", "SUBSCRIBE", "OPTIN", "OPT IN", "OPT-IN", "订阅", "訂閱", "DY"],
  help: ["HELP", "INFO", "AIDE", "HILFE", "帮助", "幫助"],
};

/** @returns undefined for anything else: whoever answers something else is left alone. */
export function answerMeant(text: string): AnswerMeant | undefined {
  const bare = text
    .normalize("NFKC")
    .toUpperCase()
    .replaceAll(/[\s\p{Cf}]+/gu, " ")
    .replaceAll(/^[\p{P}\p{S}\s]+|[\p{P}\p{S}\s]+$/gu, "");
  const found = Object.entries(WORDS).find(([, words]) => words.includes(bare));
  return found?.[0] as AnswerMeant | undefined;
}
