import { expect, test } from "vitest";
import { answerMeant } from "./answer-words.ts";
import { messageIdForms } from "./message-id-forms.ts";

test.each([
  ...["STOP", "stop", " Stop ", "Stop.", "STOP!!", "“stop”", "stop all", "Stop  All", "StopAll"],
  ...["unsubscribe", "Cancel", "END", "quit", "revoke", "opt out", "Opt-Out", "please stop"],
  ...["ＳＴＯＰ", "stop\u200b", "退订", "退訂", "TD", "arrêt", "Stopp"],
])("%j is STOP", (text) => {
  expect(answerMeant(text)).toBe("stop");
});

test.each(["START", "start.", "UNSTOP", "Subscribe", "opt-in", "订阅"])("%j is START", (text) => {
  expect(answerMeant(text)).toBe("start");
});

test.each(["HELP", "help?", "Info", "帮助"])("%j is HELP", (text) => {
  expect(answerMeant(text)).toBe("help");
});

test.each([
  ...["", " ", "!", "thank you", "don't stop", "stop it now or I call", "stopover", "yes", "ok"],
  ...["when do you start", "helpful", "1", "toString", "constructor"],
])("%j is nothing that we act on", (text) => {
  expect(answerMeant(text)).toBeUndefined();
});

test.each([
  { id: "peer-1", forms: ["peer-1"] },
  { id: "", forms: [""] },
  { id: "2748", forms: ["2748", "abc", "ABC", "00000abc", "00000ABC", "10056"] },
  { id: "ABC", forms: ["ABC", "2748"] },
  { id: "0000000A", forms: ["0000000A", "10", "A"] },
  { id: "f".repeat(17), forms: ["f".repeat(17)] },
  { id: "9".repeat(21), forms: ["9".repeat(21)] },
])("a message id $id may be written $forms", ({ id, forms }) => {
  expect(messageIdForms(id)).toEqual(forms);
});
