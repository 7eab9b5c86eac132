import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import { describe, expect, test } from "vitest";
import { isOfDevelopment, makeSbom } from "./sbom.ts";

const root = join(import.meta.dirname, "../..");
const sbom = makeSbom(root);
const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot5);

describe("the bill of materials", () => {
  test("is CycloneDX 1.5 as its schema has it", async () => {
    expect(sbom.specVersion).toBe("1.5");
    expect(await validator.validate(JSON.stringify(sbom))).toBeNull();
  });

  test("would not pass with a field that the schema does not know", async () => {
    const wrong = { ...sbom, components: [{ type: "library", nmae: "left-pad" }] };
    expect(await validator.validate(JSON.stringify(wrong))).not.toBeNull();
  });

  test("has every dependency of package.json, with a hash, and marks those of development", () => {
    const {
      name: ownName,
      dependencies,
      optionalDependencies,
      devDependencies,
    } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    expect(sbom.metadata.component.name).toBe(ownName);
    const marksOf = (wanted: Record<string, string>) =>
      Object.entries(wanted).flatMap(([name, version]) => {
        const isIt = (component: { name: string; version: string }) =>
          component.name === name && component.version === version;
        const found = sbom.components.filter(isIt);
        expect({ name, found: found.length }).toEqual({ name, found: 1 });
        return found.map(isOfDevelopment);
      });
    expect(new Set(marksOf({ ...dependencies, ...optionalDependencies }))).toEqual(
      new Set([false]),
    );
    // Some of them are needed by what is shipped as well.
    const { vitest, prisma, typescript } = devDependencies;
    expect(marksOf({ vitest, prisma, typescript })).toEqual([true, true, true]);
    expect(marksOf(devDependencies)).toContain(false);
    expect(sbom.components.filter(({ hashes = [] }) => hashes.length === 0)).toEqual([]);
  });
});
