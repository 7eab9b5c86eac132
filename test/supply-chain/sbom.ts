import { spawnSync } from "node:child_process";
import { lockedPackages } from "./locked-packages.ts";

/** The parts of a CycloneDX bill of materials that are read or changed here. */
interface Sbom {
  readonly specVersion: string;
  readonly metadata: { readonly component: SbomComponent };
  readonly components: readonly SbomComponent[];
}

interface SbomComponent {
  readonly name: string;
  readonly version: string;
  /** "required" when it is shipped for every platform. */
  readonly scope?: string;
  readonly properties?: readonly SbomProperty[];
  readonly hashes?: readonly unknown[];
}

interface SbomProperty {
  readonly name: string;
  readonly value: string;
}

/** CycloneDX's own name for it: nothing that is shipped needs the component. */
const DEVELOPMENT: SbomProperty = { name: "cdx:npm:package:development", value: "true" };
/** Of 500 packages npm writes a megabyte. */
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/**
 * What npm knows of every locked package, those of development marked.
 *
 * @param root the folder of package-lock.json. @throws Error with what npm says.
 */
export function makeSbom(root: string): Sbom {
  const npm = spawnSync("npm", ["sbom", "--sbom-format", "cyclonedx", "--package-lock-only"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: OUTPUT_BYTES_MAX,
    shell: process.platform === "win32",
  });
  if (npm.status !== 0) throw new Error(`npm sbom failed: ${npm.error?.message ?? npm.stderr}`);
  const sbom: Sbom = JSON.parse(npm.stdout);
  const locked = lockedPackages(root);
  const isDevelopment = (component: SbomComponent) =>
    locked
      .filter(({ name, version }) => name === component.name && version === component.version)
      .every((found) => found.isDevelopment);
  return {
    ...sbom,
    // npm takes the name of the folder.
    metadata: { ...sbom.metadata, component: { ...sbom.metadata.component, name: "cardlane" } },
    components: sbom.components.map((component) =>
      isDevelopment(component) ? markedAsDevelopment(component) : component,
    ),
  };
}

/** Whether the component is marked as one of development. */
export function isOfDevelopment({ properties = [] }: SbomComponent): boolean {
  return properties.some(({ name }) => name === DEVELOPMENT.name);
}

/** npm leaves out the mark where a package of development is an optional peer of a shipped one. */
function markedAsDevelopment(component: SbomComponent): SbomComponent {
  const others = (component.properties ?? []).filter(({ name }) => name !== DEVELOPMENT.name);
  return { ...component, properties: [...others, DEVELOPMENT] };
}
