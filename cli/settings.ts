import { folder, setting, text } from "../settings/setting.ts";

/** Of `cardlane` and `npm start`, which hand every other variable on to the programs they start. */
export const COMMAND_SETTINGS = {
  workingDirectory: setting({
    name: "INIT_CWD",
    reads: folder,
    unset: "where the command runs",
    says: "the folder that `--data-dir` starts from. npm sets it.",
  }),
  nodeEnvironment: setting({
    name: "NODE_ENV",
    reads: text,
    unset: "development",
    says: "`production` refuses `npm start`: its mesh is for development.",
  }),
  nodeOptions: setting({
    name: "NODE_OPTIONS",
    reads: text,
    unset: "none",
    says: "for the command alone: the programs of the mesh do not get it.",
  }),
  databaseUrl: setting({
    name: "DATABASE_URL",
    reads: text,
    secret: true,
    unset: "the mesh's own PostgreSQL",
    says:
      "for `cardlane migrate` alone: the database to migrate, as the role that owns it. " +
      "The programs of the mesh do not get it.",
  }),
  path: setting({
    name: "PATH",
    reads: text,
    unset: "no folders",
    says: "where commands are looked for; also by PostgreSQL's own programs.",
  }),
};
