import type { BenchResult } from "../measure/bench-result.ts";
import { type Bar, bars } from "./bars.ts";

const WIDTH = 820;
const NAME_WIDTH = 250;
const NUMBER_WIDTH = 90;
const ROW_HEIGHT = 28;
const BAR_HEIGHT = 18;
const HEAD_HEIGHT = 64;

const COLOURS: Readonly<Record<Bar["kind"], string>> = {
  mesh: "#2a6f97",
  yardstick: "#7a7a7a",
  naive: "#bc6c25",
  echo: "#606c38",
};

/** The same bars as a picture. */
export function svgOf(result: BenchResult): string {
  const all = bars(result);
  const most = Math.max(...all.map(({ perSecond }) => perSecond));
  const height = HEAD_HEIGHT + all.length * ROW_HEIGHT + 12;
  const { machine, startedAt } = result;
  const { processor, cores, commit } = machine;
  const subtitle = `${processor}, ${cores} cores · commit ${commit} · ${startedAt}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img"`,
    `  font-family="system-ui, sans-serif" font-size="13" fill="#222">`,
    `<title>Highest load with p99 below 100 ms, per second</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    text(12, 24, "Highest load with p99 below 100 ms, per second", `font-size="16"`),
    text(12, 44, subtitle, `font-size="11" fill="#666"`),
    ...all.flatMap((bar, index) => row(bar, HEAD_HEIGHT + index * ROW_HEIGHT, most)),
    "</svg>",
    "",
  ].join("\n");
}

function row({ name, perSecond, kind }: Bar, top: number, most: number): string[] {
  const length = ((WIDTH - NAME_WIDTH - NUMBER_WIDTH) * perSecond) / most;
  const baseline = top + BAR_HEIGHT - 4;
  const size = `width="${length.toFixed(1)}" height="${BAR_HEIGHT}"`;
  return [
    text(NAME_WIDTH - 8, baseline, name, `text-anchor="end"`),
    `<rect x="${NAME_WIDTH}" y="${top}" ${size} fill="${COLOURS[kind]}"/>`,
    text(NAME_WIDTH + length + 6, baseline, perSecond.toFixed(0)),
  ];
}

function text(x: number, y: number, content: string, attributes = ""): string {
  const safe = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${x.toFixed(1)}" y="${y}" ${attributes}>${safe}</text>`;
}
