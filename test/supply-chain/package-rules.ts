import type { LockedPackage } from "./locked-packages.ts";

/** Licences that ask for no more than a notice; as authors write them. */
const ALLOWED: ReadonlySet<string> = new Set([
  "0BSD",
  "Apache-2.0",
  "(Apache-2.0 AND BSD-3-Clause)",
  "BlueOak-1.0.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "CC0-1.0",
  "ISC",
  "MIT",
  "MIT and ISC",
  "MIT OR Apache-2.0",
  "MIT-0",
  "Python-2.0",
  "Unlicense",
]);

interface LicenceException {
  readonly package: RegExp;
  /** Undefined where the package names none. */
  readonly license: string | undefined;
  readonly why: string;
  /** The exception does not hold for what is shipped. */
  readonly isForDevelopmentOnly: boolean;
}

export const LICENCE_EXCEPTIONS: readonly LicenceException[] = [
  {
    package: /^@zone-eu\/mailsplit$/,
    license: "(MIT OR EUPL-1.1+)",
    why: "it is used under MIT",
    isForDevelopmentOnly: false,
  },
  {
    package: /^nub$/,
    license: "MIT/X11",
    why: "the MIT licence by another name",
    isForDevelopmentOnly: false,
  },
  {
    package: /^lightningcss(-|$)/,
    license: "MPL-2.0",
    why: "vitest brings it along; it is used as it is, and not shipped",
    isForDevelopmentOnly: true,
  },
  {
    package: /^elkjs$/,
    license: "EPL-2.0",
    why: "Prisma's studio brings it along; nobody loads it, and it is not shipped",
    isForDevelopmentOnly: true,
  },
  {
    package: /^seq-queue$/,
    license: undefined,
    why: "its LICENSE file is MIT; Prisma's MySQL driver brings it along, and it is not shipped",
    isForDevelopmentOnly: true,
  },
];

/** Packages that may not be used as they are locked, each a line for a person. */
export function licenceProblems(packages: readonly LockedPackage[]): readonly string[] {
  return packages.filter((locked) => !isAllowed(locked)).map(lineOf);
}

/** Packages whose bytes nobody compares with what was reviewed. */
export function integrityProblems(packages: readonly LockedPackage[]): readonly string[] {
  return packages
    .filter(({ integrity }) => integrity?.startsWith("sha512-") !== true)
    .map(({ name, version }) => `${name} ${version} is locked without sha512`);
}

function isAllowed(locked: LockedPackage): boolean {
  const { license } = locked;
  if (license !== undefined && ALLOWED.has(license)) return true;
  return LICENCE_EXCEPTIONS.some(
    (exception) =>
      exception.package.test(locked.name) &&
      exception.license === license &&
      (locked.isDevelopment || !exception.isForDevelopmentOnly),
  );
}

function lineOf({ name, version, license, isDevelopment }: LockedPackage): string {
  const use = isDevelopment ? "of development" : "shipped";
  return `${name} ${version}, ${use}: ${license ?? "no licence"} is not on the list`;
}
