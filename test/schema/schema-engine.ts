import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { PrismaPg } from "@prisma/adapter-pg";
import {
  bindMigrationAwareSqlAdapterFactory,
  ColumnTypeEnum,
  type SqlDriverAdapter,
} from "@prisma/driver-adapter-utils";
import * as binding from "@prisma/schema-engine-wasm/schema_engine_bg";
import pg from "pg";

/** Prisma's own schema engine, connected to a database. */
interface SchemaEngineConnection extends AsyncDisposable {
  readonly engine: binding.SchemaEngine;
}

/**
 * Connects the engine. Compiled to WebAssembly it is an ordinary package, where the native one is a
 * download at installation.
 */
export async function openSchemaEngine({
  databaseUrl,
  schema,
}: {
  databaseUrl: string;
  schema: binding.SchemaContainer;
}): Promise<SchemaEngineConnection> {
  inProcess[LOADING] ??= loadEngine();
  await inProcess[LOADING];
  const pool = catalogPool(databaseUrl);
  const engine = await binding.SchemaEngine.new(
    { datamodels: [[schema.path, schema.content]] },
    () => undefined,
    bindMigrationAwareSqlAdapterFactory(new EngineAdapterFactory(pool)),
  );
  return {
    engine,
    [Symbol.asyncDispose]: async () => {
      engine.free();
      await pool.end();
    },
  };
}

/** The driver adapter that programs use, with the two changes that the engine needs. */
class EngineAdapterFactory extends PrismaPg {
  override async connect() {
    const adapter = await super.connect();
    const queryRaw: SqlDriverAdapter["queryRaw"] = adapter.queryRaw.bind(adapter);
    return Object.assign(adapter, {
      // The adapter cuts scripts at every semicolon, also inside a function's body. PostgreSQL
      // takes them whole, and then all of it happens or nothing.
      executeScript: async (script: string) => {
        await adapter.executeRaw({ sql: script, args: [], argTypes: [] });
      },
      queryRaw: async (query: Parameters<typeof queryRaw>[0]) => {
        const result = await queryRaw(query);
        const columnTypes = result.columnTypes.map((type) =>
          type === ColumnTypeEnum.CharacterArray ? ColumnTypeEnum.Character : type,
        );
        return { ...result, columnTypes };
      },
    });
  }
}

/** Object identifiers of PostgreSQL's types `"char"` and `"char"[]`. */
const CHAR = 18;
const CHAR_ARRAY = 1002;

/**
 * The adapter refuses results of type `"char"`, of which PostgreSQL's catalogs are full. The engine
 * reads no array of it anywhere, so `"char"` travels as such an array.
 */
function catalogPool(databaseUrl: string): pg.Pool {
  // One connection: the engine's own lock belongs to a connection, and must be given back on it.
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 });
  // An idle connection that breaks must not end the program; the next query tells.
  pool.on("error", () => undefined);
  const query: (config: pg.QueryArrayConfig) => Promise<pg.QueryArrayResult> =
    pool.query.bind(pool);
  return Object.assign(pool, {
    query: async (config: pg.QueryArrayConfig) => {
      const result = await query(config);
      for (const field of result.fields ?? []) {
        if (field.dataTypeID === CHAR) field.dataTypeID = CHAR_ARRAY;
      }
      return result;
    },
  });
}

/** Part of Node; TypeScript knows it only together with everything else of a browser. */
declare const WebAssembly: {
  instantiate(
    bytes: Uint8Array,
    imports: object,
  ): Promise<{ instance: { exports: { __wbindgen_start(): void } } }>;
};

/**
 * Once in a process, also where this file is evaluated again, as by a test runner's second run: the
 * package's glue keeps views of the first engine's memory and reads strings of the second there.
 */
const LOADING = Symbol.for("cardlane.schema-engine");
const inProcess = globalThis as unknown as { [LOADING]?: Promise<void> };

/** What the package's own entry does by an import that Node calls experimental, on the terminal. */
async function loadEngine(): Promise<void> {
  const entry = createRequire(import.meta.url).resolve("@prisma/schema-engine-wasm");
  const bytes = await readFile(join(dirname(entry), "schema_engine_bg.wasm"));
  const { instance } = await WebAssembly.instantiate(bytes, { "./schema_engine_bg.js": binding });
  binding.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
}
