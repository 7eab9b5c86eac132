import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["**/*.test.ts"],
    exclude: ["node_modules/**", ".cardlane/**", "clients/**"],
    globalSetup: ["test/setup/postgres.ts"],
    // Two cores are the smallest machine the suite is meant for.
    maxWorkers: 2,
    // Real processes on a busy machine: a limit for what hangs, not for what is slow.
    testTimeout: 120_000,
    hookTimeout: 180_000,
  },
});
