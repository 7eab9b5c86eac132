import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Tests start the same few programs some hundred times. Node keeps their compiled code for this
 * run, which halves what a start costs; NODE_COMPILE_CACHE goes from here to all processes below.
 */
export default function keepCompiledCode(): () => void {
  const directory = mkdtempSync(join(tmpdir(), "cardlane-compiled-"));
  // Also when Ctrl-C ends the run.
  const tidyUp = () => rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  process.on("exit", tidyUp);
  process.env.NODE_COMPILE_CACHE = directory;

  return () => {
    delete process.env.NODE_COMPILE_CACHE;
    process.off("exit", tidyUp);
    tidyUp();
  };
}
