/** Ctrl-C at a question, a signal that ended a question, and one while something was awaited. */
const NAMES = ["ExitPromptError", "AbortPromptError", "AbortError"];

/** Whether the person at the keyboard, or the system, ended it. */
export function isInterruption(error: unknown): boolean {
  return error instanceof Error && NAMES.includes(error.name);
}
