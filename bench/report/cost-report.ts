import type { CostResult } from "../cost/cost-result.ts";
import { countRounds } from "../cost/counted-rounds.ts";
import type { Round } from "../cost/round.ts";
import { costLines, latencyLine, microsTable, ratio } from "./cost-lines.ts";

/** Tables for a person. */
export function costReport({ tpcb, full, peer, third, half }: CostResult): string {
  const peerRounds = typeof peer === "string" ? [] : peer;
  const lines = [
    { name: "cost ratio", rounds: full, figure: ratio("costRatio") },
    { name: "  with the load generator", rounds: full, figure: ratio("costRatioWithLoad") },
    { name: "throughput ratio, no goal", rounds: full, figure: ratio("throughputRatio") },
    { name: "payments/s", rounds: full, figure: perSecond, digits: 0 },
    {
      name: `cost ratio at a third, ${third.paymentsPerSecond}/s`,
      rounds: third.rounds,
      figure: ratio("costRatio"),
    },
    ...(typeof peer === "string"
      ? []
      : [
          { name: "jPOS, cost ratio", rounds: peer, figure: ratio("costRatio") },
          { name: "jPOS, throughput ratio", rounds: peer, figure: ratio("throughputRatio") },
          { name: "jPOS, messages/s", rounds: peer, figure: perSecond, digits: 0 },
        ]),
  ];
  const contenders = [
    { name: "a payment, closed loop", rounds: full },
    { name: "a payment, at a third", rounds: third.rounds },
    { name: "jPOS, a message", rounds: peerRounds },
  ];
  return [
    `TPC-B by ${tpcb}, 8 clients, scale 10; 600 payments on the way over 16 streams`,
    `${costLines(lines)}${typeof peer === "string" ? `\njPOS: left out: ${peer}` : ""}`,
    latencyLine(`latency at half, ${half.paymentsPerSecond}/s`, half.rounds),
    microsTable(contenders.filter(({ rounds }) => rounds.length > 0)),
    `rounds that do not count: ${lostRounds([full, third.rounds, half.rounds, peerRounds])}`,
    "jPOS is one hop: no TLS, nothing signed or sealed, one transaction of PostgreSQL a message",
  ].join("\n\n");
}

function perSecond({ run }: Round): number {
  return run.perSecond;
}

function lostRounds(rounds: readonly (readonly Round[])[]): string {
  const reasons = [...countRounds(rounds.flat()).reasons];
  return reasons.length === 0
    ? "none"
    : reasons.map(([reason, count]) => `${count} by ${reason}`).join(", ");
}
