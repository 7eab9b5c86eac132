import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { environment } from "../../settings/environment.ts";
import { root } from "../tidy/source-file.ts";
import { installHook, removeHook } from "./commit-hook.ts";

const GOOD = "export const amountMinor = 1250n;\n";
const UNFORMATTED = "export const amountMinor   = 1250n\n";
const ILL_TYPED = 'export const amountMinor: bigint = "1250";\n';

test("a commit that is in order is taken", () => {
  using repository = new Repository();
  expect(installHook(repository.folder).passed).toBe(true);
  expect(repository.commit({ "money.ts": GOOD })).toMatchObject({ status: 0 });
});

test.each([
  { name: "format", text: UNFORMATTED, check: "✗ format and lint" },
  { name: "types", text: ILL_TYPED, check: "✗ types" },
])("a commit with a fault of $name is refused", ({ text, check }) => {
  using repository = new Repository();
  installHook(repository.folder);
  const { status, says } = repository.commit({ "money.ts": text });
  expect({ status, says }).toEqual({ status: 1, says: expect.stringContaining(check) });
  expect(says).toContain("money.ts");
});

test("a file that is gone is missed by those that need it", () => {
  using repository = new Repository();
  repository.commit({
    "money.ts": GOOD,
    "price.ts": 'export { amountMinor } from "./money.ts";\n',
  });
  installHook(repository.folder);
  repository.git("rm", "--quiet", "money.ts");
  const { status, says } = repository.commit({});
  expect({ status, says }).toEqual({ status: 1, says: expect.stringContaining("✗ types") });
});

test("what lies beside the commit is not looked at, in either direction", () => {
  using repository = new Repository();
  installHook(repository.folder);
  repository.write({ "money.ts": UNFORMATTED });
  repository.git("add", "money.ts");
  repository.write({ "money.ts": GOOD });
  expect(repository.git("commit", "--message", "x").status).toBe(1);

  repository.git("add", "money.ts");
  repository.write({ "money.ts": UNFORMATTED, "draft.ts": ILL_TYPED });
  expect(repository.git("commit", "--message", "x")).toMatchObject({ status: 0 });
});

test("a commit of text alone starts no tool", () => {
  using repository = new Repository();
  installHook(repository.folder);
  const { status, says } = repository.commit({ "README.md": "# Money\n" });
  expect({ status, says }).toEqual({ status: 0, says: expect.not.stringMatching(/[✓✗]/) });
});

test("a worktree's commits are checked as they lie there", () => {
  using repository = new Repository();
  repository.commit({ "money.ts": GOOD });
  using worktree = repository.worktree();
  installHook(worktree.folder);
  expect(worktree.commit({ "money.ts": ILL_TYPED }).status).toBe(1);
  expect(worktree.commit({ "money.ts": GOOD, "more.ts": GOOD })).toMatchObject({ status: 0 });
  expect(repository.commit({ "money.ts": ILL_TYPED }).status).toBe(1);
});

test("a checkout from before the check is left alone", () => {
  using repository = new Repository();
  installHook(repository.folder);
  const changed = { "package.json": '{ "type": "module" }\n', "money.ts": UNFORMATTED };
  expect(repository.commit(changed)).toMatchObject({ status: 0 });
});

test("installed twice it is there once, and removed it is gone", () => {
  using repository = new Repository();
  installHook(repository.folder);
  expect(installHook(repository.folder).passed).toBe(true);
  expect(removeHook(repository.folder)).toEqual({
    passed: true,
    says: `${repository.hook} is removed: commits are no longer checked`,
  });
  expect(existsSync(repository.hook)).toBe(false);
  expect(repository.commit({ "money.ts": UNFORMATTED })).toMatchObject({ status: 0 });
  expect(removeHook(repository.folder)).toEqual({
    passed: true,
    says: `there is no hook at ${repository.hook}`,
  });
});

test.each([
  { name: "installed over", change: installHook },
  { name: "removed", change: removeHook },
])("a foreign hook is not $name", ({ change }) => {
  using repository = new Repository();
  const foreign = "#!/bin/sh\nexit 0\n";
  writeFileSync(repository.hook, foreign);
  expect(change(repository.folder)).toEqual({
    passed: false,
    says:
      `${repository.hook} is not this project's and stays as it is: ` +
      'call "npm run check:staged" in it',
  });
  expect(readFileSync(repository.hook, "utf8")).toBe(foreign);
});

test("hooks that are kept elsewhere are left alone", () => {
  using repository = new Repository();
  using elsewhere = temporaryFolder();
  repository.git("config", "core.hooksPath", elsewhere.path);
  expect(installHook(repository.folder)).toEqual({
    passed: false,
    says:
      `core.hooksPath is set to ${elsewhere.path}: ` +
      'call "npm run check:staged" from the hooks there',
  });
});

test("without a repository there is nothing to hook", () => {
  using folder = temporaryFolder();
  expect(installHook(folder.path)).toEqual({
    passed: false,
    says: `${folder.path} is no git repository: there is nothing to hook`,
  });
});

/** A repository, or a worktree of one, with this project's tools and none of its files. */
class Repository implements Disposable {
  readonly folder: string;
  readonly #place = temporaryFolder();

  constructor(from?: Repository) {
    this.folder = join(this.#place.path, "clone");
    if (from === undefined) {
      mkdirSync(this.folder);
      this.git("init", "--quiet", "--initial-branch=main");
      mkdirSync(join(this.folder, ".git", "hooks"), { recursive: true });
      this.write({
        ".gitignore": "node_modules\n.cardlane/\n",
        "package.json": `${JSON.stringify(packageOf(), undefined, 2)}\n`,
        "tsconfig.json": readFileSync(join(root, "tsconfig.json"), "utf8"),
        "biome.json": readFileSync(join(root, "biome.json"), "utf8"),
      });
      this.git("add", "--all");
      this.git("commit", "--quiet", "--message", "begin");
    } else {
      from.git("worktree", "add", "--quiet", this.folder);
    }
    symlinkSync(join(root, "node_modules"), join(this.folder, "node_modules"));
  }

  get hook(): string {
    return join(this.folder, ".git", "hooks", "pre-commit");
  }

  worktree(): Repository {
    return new Repository(this);
  }

  write(files: Readonly<Record<string, string>>): void {
    for (const [path, text] of Object.entries(files)) writeFileSync(join(this.folder, path), text);
  }

  commit(files: Readonly<Record<string, string>>): { status: number | null; says: string } {
    this.write(files);
    this.git("add", "--all");
    return this.git("commit", "--quiet", "--message", "change");
  }

  git(...gitArguments: readonly string[]): { status: number | null; says: string } {
    const options = { cwd: this.folder, encoding: "utf8", env: ENVIRONMENT } as const;
    const { status, stdout, stderr } = spawnSync("git", gitArguments, options);
    return { status, says: stdout + stderr };
  }

  [Symbol.dispose](): void {
    this.#place[Symbol.dispose]();
  }
}

/** This machine's, without what git tells its hooks: the tests may run in one. */
const ENVIRONMENT = {
  ...Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith("GIT_"))),
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_AUTHOR_NAME: "test",
  GIT_AUTHOR_EMAIL: "test@example.com",
  GIT_COMMITTER_NAME: "test",
  GIT_COMMITTER_EMAIL: "test@example.com",
};

function packageOf(): Readonly<Record<string, unknown>> {
  const script = join(root, "test/hooks/check-staged.ts");
  const command = `"${process.execPath}" "${script}"`;
  return { private: true, type: "module", scripts: { "check:staged": command } };
}

function temporaryFolder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "cardlane-hooks-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}
