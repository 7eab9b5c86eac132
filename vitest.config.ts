import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["**/*.test.ts"],
    exclude: ["node_modules/**", ".cardlane/**", "clients/**"],
    globalSetup: ["test/setup/postgres.ts"],
    // Two cores are the smallest machine the suite is meant for.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
