import { folder, oneOf, setting, text } from "../settings/setting.ts";

export const BENCH_SETTINGS = {
  memoryDirectory: setting({
    name: "BENCH_MEMORY_DIR",
    reads: folder,
    unset: "no report",
    says: "the folder that gets a program's use of memory, as `npm run bench` asks for it.",
  }),
  memoryCare: setting({
    name: "BENCH_MEMORY_CARE",
    reads: oneOf(["thorough", "gentle"]),
    default: "thorough",
    says: "how much garbage is collected before: four times, or with `gentle` once.",
  }),
  path: setting({
    name: "PATH",
    reads: text,
    unset: "Debian's folders",
    says: "where pgbench, java and mvn are looked for.",
  }),
};
