import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { MeshDirectory } from "../../dev-mesh/mesh-directory.ts";
import { DeviceDisks } from "./device-disks.ts";

const home = mkdtempSync(join(tmpdir(), "cardlane-disks-"));
afterEach(() => rmSync(home, { recursive: true, force: true }));

test("a device gets back what it had when a copy was kept, and nothing newer", () => {
  const mesh = new MeshDirectory(join(home, "mesh"));
  const disks = new DeviceDisks(mesh, join(home, "copies"));
  const file = join(mesh.dataOf("terminal"), "journal");
  const newer = join(mesh.dataOf("terminal"), "newer");
  mkdirSync(mesh.dataOf("terminal"), { recursive: true });
  writeFileSync(file, "old");
  disks.keep("terminal");
  writeFileSync(file, "new");
  writeFileSync(newer, "new");
  disks.keep("terminal");

  const [oldest = "", newest = ""] = disks.copiesOf("terminal");
  disks.putBack("terminal", oldest);
  expect(readFileSync(file, "utf8")).toBe("old");
  expect(existsSync(newer)).toBe(false);
  disks.putBack("terminal", newest);
  expect(readFileSync(file, "utf8")).toBe("new");
  disks.empty("terminal");
  expect(existsSync(file)).toBe(false);
  expect(disks.copiesOf("reader")).toEqual([]);
});
