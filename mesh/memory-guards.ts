import { readFileSync } from "node:fs";
import inspector from "node:inspector";

/** What a process shows of how it was started. */
export interface ProcessFacts {
  /** Options of Node, on its command line and in NODE_OPTIONS. */
  readonly options: readonly string[];
  /** Where the inspector listens; undefined when it is closed. */
  readonly inspectorUrl: string | undefined;
  /** What Linux says in `/proc/self/limits`; undefined elsewhere. */
  readonly limits: string | undefined;
}

const NO_CORE_FILES = /^Max core file size +0 /m;

/** By which ways others could read this process's memory, keys and cards included; often none. */
export function waysIntoMemory({ options, inspectorUrl, limits }: ProcessFacts): readonly string[] {
  return [
    ...(inspectorUrl === undefined
      ? []
      : [`an inspector is open at ${new URL(inspectorUrl).host}`]),
    ...(options.includes("--disable-sigusr1")
      ? []
      : ["SIGUSR1 opens an inspector: expected node --disable-sigusr1"]),
    ...(limits === undefined || NO_CORE_FILES.test(limits)
      ? []
      : ["a crash writes the memory to a core file: expected ulimit -c 0, or LimitCORE=0"]),
  ];
}

/** @param nodeOptions the variable NODE_OPTIONS. */
export function factsOfThisProcess(nodeOptions: string | undefined): ProcessFacts {
  return {
    options: [...process.execArgv, ...(nodeOptions ?? "").split(/\s+/)],
    inspectorUrl: inspector.url(),
    limits: process.platform === "linux" ? readFileSync("/proc/self/limits", "utf8") : undefined,
  };
}
