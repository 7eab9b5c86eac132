/** A block of shell commands in a document, and what it says will come of them. */
interface ShellBlock {
  /** The first command's first line, to tell blocks apart. */
  readonly name: string;
  readonly script: string;
  /** Texts that the output has, from lines like `# … SERVING`. */
  readonly outputs: readonly string[];
  /** From a line like `# exit code 67`; 0 without one. */
  readonly exitCode: number;
}

/** The blocks between ```sh and ``` of a Markdown text, in order. */
export function shellBlocks(markdown: string): readonly ShellBlock[] {
  return [...markdown.matchAll(/^```sh\n(.*?)^```/gms)].map(([, script = ""]) => {
    const exitCode = /^# exit code (\d+)$/m.exec(script)?.[1] ?? "0";
    const outputs = [...script.matchAll(/^# … (.+)$/gm)].map(([, output = ""]) => output);
    const name = script.split("\n", 1).join();
    return { name, script, outputs, exitCode: Number(exitCode) };
  });
}
