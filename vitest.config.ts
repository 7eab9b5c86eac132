import { defineConfig } from "vitest/config";

const EXCLUDED = ["node_modules/**", ".cardlane/**", "clients/**"];

/** What runs in a process of its own for each file, and why. */
const OWN_PROCESS = [
  // In place of Node's name look-up, for every module that is loaded after it.
  "mesh/client/names.test.ts",
  // They listen for errors that nobody caught, of whoever runs in their process.
  "mesh/server/hostile-bytes.test.ts",
  "siege/fuzz/answers.test.ts",
  // Loads modules anew.
  "test/schema/schema-drift.test.ts",
  // Not steady together: some reversals then come late, and it is not known why.
  "relay/**/*.test.ts",
  // Real programs, which take long next to what a process costs.
  "test/mesh/**/*.test.ts",
];

const LIMITS = {
  // Real processes on a busy machine: a limit for what hangs, not for what is slow.
  testTimeout: 120_000,
  hookTimeout: 180_000,
  expect: { poll: { timeout: 60_000 } },
  unstubEnvs: true,
};

export default defineConfig({
  test: {
    globalSetup: ["test/setup/compiled-code.ts", "test/setup/postgres.ts"],
    // Two cores are the smallest machine the suite is meant for.
    maxWorkers: 2,
    projects: [
      { test: { ...LIMITS, name: "own process", include: OWN_PROCESS } },
      {
        test: {
          ...LIMITS,
          name: "shared process",
          include: ["**/*.test.ts"],
          exclude: [...EXCLUDED, ...OWN_PROCESS],
          // A process, and the same modules once more, cost more than what most files test.
          isolate: false,
        },
      },
    ],
  },
});
