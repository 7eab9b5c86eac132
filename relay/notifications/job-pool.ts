import pg from "pg";

type Callback = Parameters<pg.Pool["connect"]>[0];

/**
 * Connections that may be given back twice. The job queue's library does so with the one that it
 * listens on, when that breaks while the library is starting and being stopped, and nobody there
 * handles the error of the second time: it would end the relay.
 */
export class JobPool extends pg.Pool {
  override connect(): Promise<pg.PoolClient>;
  override connect(callback: Callback): void;
  override connect(callback?: Callback): Promise<pg.PoolClient> | undefined {
    if (callback === undefined) return super.connect();
    super.connect((error, client, done) => {
      let isDone = false;
      callback(error, client, (release) => {
        if (isDone) return;
        isDone = true;
        done(release);
      });
    });
    return undefined;
  }
}
