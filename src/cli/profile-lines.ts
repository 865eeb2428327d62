// A profile for people: the totals of each operation, then the nodes, most expensive first.

import type { ProfileReport } from "../commands/bench/profile.ts";
import { formatMs } from "../commands/bench/profile-picture.ts";
import type { ProfileRow } from "../commands/bench/profile-rows.ts";
import { formatCount, formatNumber, formatPercent } from "../commands/report/format.ts";
import { left, right, tableLines } from "./table.ts";

/** Nodes that take less than this share of the calls' time are told as one line, unless they run by ref or gemm. */
const smallest = 1e-3;

const rates = ({ gflops, roofFraction }: Pick<ProfileRow, "gflops" | "roofFraction">): readonly [string, string] => [
  gflops === 0 ? "" : formatNumber(gflops),
  roofFraction === null ? "" : formatPercent(roofFraction, 0),
];

/** Lines of both tables. */
export const profileLines = ({ runs, runSeconds, callSeconds, nodes, totals }: ProfileReport): readonly string[] => {
  const sorted = nodes.toSorted((a, b) => b.seconds - a.seconds);
  const isShown = ({ fraction, slow }: ProfileRow): boolean => fraction >= smallest || slow !== null;
  const others = sorted.filter((row) => !isShown(row));
  const rest = others.reduce((sum, { fraction }) => sum + fraction, 0);
  return [
    "",
    `a run takes ${formatMs(runSeconds)}, of which its calls take ${formatMs(callSeconds)} (medians of ${formatCount(runs)} runs)`,
    "",
    ...tableLines(
      [left("operation"), left("pass"), right("nodes"), right("time"), right("share"), right("GFLOP/s"), right("roof")],
      totals.map((total) => [
        total.op,
        total.pass,
        formatCount(total.nodes),
        formatMs(total.seconds),
        formatPercent(total.fraction, 1),
        ...rates(total),
      ]),
    ),
    "",
    ...tableLines(
      [
        left("node"),
        left("operation"),
        right("time"),
        right("share"),
        right("GFLOP/s"),
        right("roof"),
        right("GB/s"),
        left("implementation"),
      ],
      sorted
        .filter(isShown)
        .map((row) => [
          row.node,
          row.op,
          formatMs(row.seconds),
          formatPercent(row.fraction, 1),
          ...rates(row),
          row.gigabytesPerSecond === null ? "" : formatNumber(row.gigabytesPerSecond),
          row.slow === null ? row.implementation : `${row.implementation}  (${row.slow})`,
        ]),
    ),
    ...(others.length === 0
      ? []
      : [
          `and ${formatCount(others.length)} nodes of less than ${formatPercent(smallest, 1)} each, ${formatPercent(rest, 1)} together`,
        ]),
  ];
};
