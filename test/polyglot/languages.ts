import { globSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { countsOfGo, countsOfJunit, type TestCounts } from "./test-counts.ts";
import { GO, JAVA, MAVEN, PYTHON, type Toolchain } from "./toolchains.ts";

/** A client in another language: how it is built, checked and tested in its folder. */
export interface Language {
  readonly name: string;
  readonly folder: string;
  readonly needs: readonly Toolchain[];
  /** What must succeed before the tests, the language's own checks included. */
  readonly preparations: readonly (readonly string[])[];
  readonly tests: readonly string[];
  /** @param output what the tests wrote. @param directory the absolute path of `folder`. */
  readonly count: (output: string, directory: string) => TestCounts;
}

const PYTEST_REPORT = ".pytest_cache/report.xml";
const SUREFIRE_REPORTS = "target/surefire-reports";

const PIP_INSTALL = [".venv/bin/pip", "install", "--quiet", "--disable-pip-version-check"];

export const LANGUAGES: readonly Language[] = [
  {
    name: "Go",
    folder: "clients/go",
    needs: [GO],
    preparations: [
      ["go", "vet", "./..."],
      ["go", "build", "-o", "../../.cardlane/tools/", "./cmd/..."],
    ],
    // A result from the cache would be of another mesh.
    tests: ["go", "test", "-count=1", "-json", "./..."],
    count: countsOfGo,
  },
  {
    name: "Python",
    folder: "clients/python",
    needs: [PYTHON],
    preparations: [
      ["python3", "-m", "venv", ".venv"],
      [...PIP_INSTALL, "--require-hashes", "-r", "requirements.txt"],
      [...PIP_INSTALL, "--no-deps", "--no-build-isolation", "-e", "."],
      [".venv/bin/ruff", "check", "."],
      [".venv/bin/ruff", "format", "--check", "."],
      [".venv/bin/mypy"],
    ],
    tests: [".venv/bin/python", "-m", "pytest", "-q", `--junitxml=${PYTEST_REPORT}`],
    count: (_output, directory) =>
      countsOfJunit([readFileSync(join(directory, PYTEST_REPORT), "utf8")]),
  },
  {
    name: "Java",
    folder: "clients/java",
    needs: [JAVA, MAVEN],
    preparations: [["mvn", "--batch-mode", "--quiet", "test-compile"]],
    tests: ["mvn", "--batch-mode", "--quiet", "surefire:test"],
    count: (_output, directory) => {
      const reports = globSync(join(directory, SUREFIRE_REPORTS, "TEST-*.xml"));
      const counts = countsOfJunit(reports.map((report) => readFileSync(report, "utf8")));
      // Those of tests that are no more would count the next time.
      rmSync(join(directory, SUREFIRE_REPORTS), { recursive: true, force: true });
      return counts;
    },
  },
];
