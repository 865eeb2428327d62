import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { MissingError } from "../base/errors.ts";
import { type DoctorProbes, doctor, formatDoctorReport, requiredNode } from "./doctor.ts";

const probes: DoctorProbes = {
  version: "0.1.0",
  nodeVersion: "20.20.2",
  platform: "linux x64",
  machine: { cpu: "a processor", cores: 2, memoryBytes: 8 * 2 ** 30, availableMemoryBytes: 6.5 * 2 ** 30 },
  cacheFolder: "/home/ada/.cache/residual",
  engines: [
    { name: "reference", find: () => "0.1.0" },
    {
      name: "onednn",
      find: () => {
        throw new MissingError("oneDNN 2.6 or 2.7 was not found: run `npm run setup`");
      },
    },
  ],
  dataSets: [{ name: "fashion-mnist", find: async () => "/usr/share/datasets/fashion-mnist" }],
  others: [{ name: "a font", find: () => Promise.reject(new MissingError("no font: run `npm run setup`")) }],
};

describe("doctor(probes)", () => {
  it("says of each thing whether it is available and, if not, the probe's reason", async () => {
    const report = await doctor(probes);
    expect(report.engines).toEqual([
      { name: "reference", available: true, version: "0.1.0", reason: null },
      {
        name: "onednn",
        available: false,
        version: null,
        reason: "oneDNN 2.6 or 2.7 was not found: run `npm run setup`",
      },
    ]);
    expect(report.dataSets).toEqual([
      { name: "fashion-mnist", available: true, found: "/usr/share/datasets/fashion-mnist", reason: null },
    ]);
    expect(report.others).toEqual([
      { name: "a font", available: false, found: null, reason: "no font: run `npm run setup`" },
    ]);
  });

  it("compares Node's version number by number", async () => {
    const supported = async (nodeVersion: string) => (await doctor({ ...probes, nodeVersion })).node.supported;
    expect(await supported("20.9.0")).toBe(true);
    expect(await supported("20.10.0")).toBe(true);
    expect(await supported("22.0.0")).toBe(true);
    expect(await supported("20.8.1")).toBe(false);
    expect(await supported("18.20.0")).toBe(false);
  });

  it("asks for the Node that package.json asks for", () => {
    const manifest = new URL("../../../package.json", import.meta.url); // from dist/src/commands
    expect(JSON.parse(readFileSync(manifest, "utf8"))).toMatchObject({ engines: { node: `>=${requiredNode}` } });
  });
});

describe("formatDoctorReport(report)", () => {
  it("is one line a fact", async () => {
    expect(formatDoctorReport(await doctor(probes))).toBe(
      [
        "residual 0.1.0 on linux x64",
        "  + Node: 20.20.2",
        "    a processor, 2 cores for this process",
        "    memory 8.0 GiB, 6.5 GiB of it available",
        "    cache folder /home/ada/.cache/residual",
        "engines",
        "  + reference: 0.1.0",
        "  - onednn: oneDNN 2.6 or 2.7 was not found: run `npm run setup`",
        "data sets",
        "  + fashion-mnist: /usr/share/datasets/fashion-mnist",
        "also",
        "  - a font: no font: run `npm run setup`",
      ].join("\n"),
    );
  });

  it("says when Node is too old", async () => {
    expect(formatDoctorReport(await doctor({ ...probes, nodeVersion: "18.1.0" }))).toContain(
      "  - Node: 18.1.0 is too old: >=20.9 is needed",
    );
  });
});
