import { readFileSync } from "node:fs";

/**
 * The value of a number that a file of code keeps to itself, such as `const WATCHERS_MAX = 200;`.
 * Only literals and their products are read.
 *
 * @param path from the root of the repository.
 * @throws Error when it does not stand there, or is no such number.
 */
export function constantIn(path: string, name: string): number {
  const declaration = new RegExp(`^(?:export )?const ${name}(?:: \\w+)? = ([^;]+);$`, "m");
  const text = declaration.exec(readFileSync(path, "utf8"))?.[1];
  const factors = (text ?? "").split(" * ").map((factor) => {
    return Number(factor.replaceAll("_", "").replace(/n$/, ""));
  });
  if (text === undefined || factors.some((factor) => !Number.isFinite(factor))) {
    throw new Error(`${path} has no number named ${name}`);
  }
  return factors.reduce((product, factor) => product * factor, 1);
}

/**
 * How many a second a rate allows that a file keeps to itself: `{ perSecond: 0.2, burst: 100 }`.
 *
 * @throws Error when it does not stand there.
 */
export function rateIn(path: string, name: string): number {
  const declaration = new RegExp(`const ${name}: Rate = \\{ perSecond: ([\\d.]+),`);
  const text = declaration.exec(readFileSync(path, "utf8"))?.[1];
  if (text === undefined) throw new Error(`${path} has no rate named ${name}`);
  return Number(text);
}
