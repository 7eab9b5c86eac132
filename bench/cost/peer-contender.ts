import { systemClock as clock } from "../../mesh/clock.ts";
import { watchForeignCpu } from "../cpu/foreign-cpu.ts";
import { useOfPostgres, useOfProcesses } from "../cpu/process-use.ts";
import type { Peer } from "../jpos/peer.ts";
import type { Contender } from "./in-turns.ts";

/** jPOS, as full as its sockets get it. */
export function peerContender(name: string, peer: Peer, postgresPid: number): Contender {
  const read = () => ({
    jvm: useOfProcesses([peer.pid]).cpuSeconds,
    postgres: useOfPostgres(postgresPid).cpuSeconds,
    load: useOfProcesses([peer.loadPid]).cpuSeconds,
  });
  return {
    name,
    async run(durationMs) {
      const foreignShare = watchForeignCpu();
      const before = read();
      const startMs = clock.monotonicMs();
      const { approved, refused, p50Ms, p99Ms } = await peer.run(durationMs);
      const loadMs = clock.monotonicMs() - startMs;
      const after = read();
      const micros = (program: keyof typeof before) =>
        ((after[program] - before[program]) * 1e6) / Math.max(1, approved);
      return {
        micros: { JVM: micros("jvm"), PostgreSQL: micros("postgres") },
        loadMicros: micros("load"),
        perSecond: (approved * 1_000) / loadMs,
        p50: p50Ms,
        p99: p99Ms,
        foreignShare: foreignShare(),
        faults: approved === 0 || refused > 0 ? [`failures: ${refused} (REFUSED)`] : [],
        loadMs,
      };
    },
  };
}
