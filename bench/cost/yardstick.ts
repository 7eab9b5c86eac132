import { watchForeignCpu } from "../cpu/foreign-cpu.ts";
import { useOfPostgres } from "../cpu/process-use.ts";
import type { Tpcb } from "../yardstick/tpcb-driver.ts";
import type { YardstickRun } from "./round.ts";

const CLIENTS = 8;

/** TPC-B once, with what it costs. */
export async function measureTpcb(
  tpcb: Tpcb,
  postgresPid: number,
  durationMs: number,
): Promise<YardstickRun> {
  await tpcb.vacuum();
  const foreignShare = watchForeignCpu();
  const before = useOfPostgres(postgresPid).cpuSeconds;
  const { transactions, perSecond, clientSeconds } = await tpcb.run(CLIENTS, durationMs);
  const postgresSeconds = useOfPostgres(postgresPid).cpuSeconds - before;
  return {
    postgresMicros: (postgresSeconds * 1e6) / transactions,
    clientMicros: (clientSeconds * 1e6) / transactions,
    perSecond,
    foreignShare: foreignShare(),
  };
}
