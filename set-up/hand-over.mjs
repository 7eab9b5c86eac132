// Replaces this process, as far as anybody can see, with a script under the pinned Node.

import { spawn } from "node:child_process";
import { delimiter, dirname, join } from "node:path";
import { guardedNode } from "./guarded-node.mjs";

/** Handed on to the script; SIGWINCH is how it learns that the terminal was resized. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGWINCH"];

/**
 * One Ctrl-C arrives here twice: from the terminal, and from npm, which forwards its own. A person
 * who presses it again because the first was ignored takes longer than this, in milliseconds.
 */
const SAME_SIGNAL_MS = 250;

/** How often it is looked whether npm's shell is still there, in milliseconds. */
const LOOK_MS = 500;

/** Read at once: it changes when that process ends. */
const parent = process.ppid;

/** Runs the script with this process's input and output, and ends with its exit code or signal. */
export function handOver({ root, node, script, scriptArguments }) {
  const { command, commandArguments } = guardedNode(node, [script, ...scriptArguments]);
  const child = spawn(command, commandArguments, {
    stdio: "inherit",
    // A session of its own: the terminal's Ctrl-C reaches only us, and the script through us, once.
    detached: process.platform !== "win32",
    env: { ...process.env, PATH: searchPath({ root, node }) },
  });
  const stopForwarding = forwardSignals(child);

  child.on("error", (error) => {
    process.stderr.write(`cardlane: cannot run ${node}: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on("exit", (exitCode, signal) => {
    stopForwarding();
    if (signal === null) process.exitCode = exitCode;
    else process.kill(process.pid, signal);
  });
}

/**
 * npm passes SIGTERM on to its shell, and many shells end of it without passing it on: what npm
 * started stops when its parent is gone. Anything else may lose its parent, as under nohup.
 */
function whenNpmIsGone(stop) {
  if (process.env.npm_lifecycle_event === undefined) return;
  const looking = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(looking);
    stop();
  }, LOOK_MS);
  looking.unref();
}

/** Passes signals on until the returned function is called. */
function forwardSignals(child) {
  let isStopping = false;
  const handlers = SIGNALS.filter((signal) => isKnownHere(signal)).map((signal) => {
    let forwardedAtMs = Number.NEGATIVE_INFINITY;
    const handler = () => {
      if (performance.now() - forwardedAtMs < SAME_SIGNAL_MS) return;
      forwardedAtMs = performance.now();
      isStopping ||= signal !== "SIGWINCH";
      child.kill(signal);
    };
    process.on(signal, handler);
    return { signal, handler };
  });
  whenNpmIsGone(() => {
    // A second signal would end the script at once, and a closed terminal reaches the shell, too.
    if (!isStopping) child.kill("SIGTERM");
  });
  return () => {
    for (const { signal, handler } of handlers) process.off(signal, handler);
  };
}

/** Windows gives Ctrl-C to every program of the console, so there is nothing to pass on. */
function isKnownHere(signal) {
  return process.platform !== "win32" || signal === "SIGTERM";
}

/** PATH with the pinned Node and the installed tools first, for what the script itself starts. */
function searchPath({ root, node }) {
  const earlier = process.env.PATH ?? "";
  return [dirname(node), join(root, "node_modules", ".bin"), earlier].join(delimiter);
}
