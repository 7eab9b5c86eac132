import { expect, test } from "vitest";
import { fileExists, linkLeadsSomewhere, readDocument } from "./document.ts";

const TEXT = `
# A title: with *signs*

See [the words](../CHANGELOG.md#unreleased) and [elsewhere](https://example.com/relay/x.ts).
Code is in \`prisma/migrations/migrate.ts\` and \`prisma/*.ts\`; \`etc/passwd\` is not ours,
and \`prisma/v1.2.3\` is a tag.

\`\`\`sh
npm test -- prisma
npm run check
npx cardlane pay 12.50 EUR
\`\`\`

Then \`cardlane list --json\`, which the cardlane program does.
`;

test("a document's references are found", () => {
  expect(readDocument("docs/example.md", TEXT)).toEqual({
    path: "docs/example.md",
    links: ["CHANGELOG.md#unreleased"],
    files: ["prisma/migrations/migrate.ts", "prisma/*.ts"],
    npmScripts: ["check", "test"],
    subcommands: ["pay", "list"],
  });
});

test.each([
  { link: "package.json", leads: true },
  { link: "no-such-file.md", leads: false },
  { link: "CONTRIBUTING.md#contributing", leads: true },
  { link: "CONTRIBUTING.md#no-such-heading", leads: false },
])("$link leads somewhere: $leads", ({ link, leads }) => {
  expect(linkLeadsSomewhere(link)).toBe(leads);
});

test.each([
  { path: "prisma/migrations/migrate.ts", exists: true },
  { path: "prisma/*.ts", exists: true },
  { path: "prisma/", exists: true },
  { path: "prisma/no-such-file.ts", exists: false },
  { path: "prisma/*.nothing", exists: false },
])("$path exists: $exists", ({ path, exists }) => {
  expect(fileExists(path)).toBe(exists);
});
