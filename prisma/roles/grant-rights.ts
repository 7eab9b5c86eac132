import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ClientBase } from "pg";
import { type DatabaseProgram, databaseOf, PROGRAM_ROLES } from "./program-roles.ts";

/** A role that a program needs is missing, and whoever asks may not make it. */
export class MissingRole extends Error {
  override readonly name = "MissingRole";
}

/**
 * Gives the roles of programs what they may do in the database of this connection, and takes
 * everything else. Roles that are missing are made, without a password. May be repeated.
 *
 * @param programs who may connect; all of the same kind of database.
 * @throws MissingRole when there is a role to be made that the connection's role may not make.
 */
export async function grantRights(
  client: ClientBase,
  programs: readonly DatabaseProgram[],
): Promise<void> {
  const connecting = PROGRAM_ROLES.filter(({ program }) => programs.includes(program));
  const [name, ...others] = new Set(programs.map(databaseOf));
  if (name === undefined || others.length > 0)
    throw new Error(`bug: not one database: ${programs}`);
  const granted = PROGRAM_ROLES.filter(({ database }) => database === name);
  const grants = await readFile(join(import.meta.dirname, "..", name, "grants.sql"), "utf8");
  await makeMissing(
    client,
    granted.map(({ role }) => role),
  );
  const { rows } = await client.query<{ name: string }>("SELECT current_database() AS name");
  const own = client.escapeIdentifier(rows[0]?.name ?? name);
  await client.query(`BEGIN; ${grants};
    REVOKE ALL ON DATABASE ${own} FROM PUBLIC;
    GRANT CONNECT ON DATABASE ${own} TO ${connecting.map(({ role }) => role).join(", ")};
    COMMIT`);
}

async function makeMissing(client: ClientBase, roles: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ role: string }>(MISSING, [roles]);
  if (rows.length === 0) return;
  const create = rows.map(({ role }) => `CREATE ROLE ${role};`).join(" ");
  const { rows: who } = await client.query<{ may: boolean; name: string }>(MAY_CREATE);
  if (who[0]?.may !== true) {
    throw new MissingRole(
      `the role ${rows.map(({ role }) => role).join(" and ")} is missing, and ${who[0]?.name} ` +
        `may not make it: have an administrator say ${create}`,
    );
  }
  await client.query(create);
}

const MISSING = `
  SELECT role FROM unnest($1::text[]) AS role
  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role)`;

const MAY_CREATE = `
  SELECT rolname AS name, rolsuper OR rolcreaterole AS may
  FROM pg_roles WHERE rolname = current_user`;
