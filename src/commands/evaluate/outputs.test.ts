// Evaluation as a command on a made-up machine: protocols, ensembles, re-assessed labels, and the files that it writes.
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parquetReadObjects } from "hyparquet";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { predictedClasses } from "../../evaluate/top-k.ts";
import { madeUpEnvironment, syntheticData, tinySpec } from "../environment.test.fixture.ts";
import { type EvaluateOptions, evaluate } from "../evaluate.ts";
import type { CommandEvent } from "../events.ts";
import { parseCsv } from "./csv.ts";

let cwd = "";
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "residual-outputs-"));
  await writeFile(join(cwd, "tiny.json"), JSON.stringify(tinySpec(3)));
  await writeFile(join(cwd, "four.json"), JSON.stringify(tinySpec(4)));
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

const evaluated = (options: Partial<EvaluateOptions>) =>
  evaluate(
    { weights: "tiny.json", seed: 1, data: "synthetic", engine: "reference", ...options },
    madeUpEnvironment(cwd, syntheticData),
  );

describe("evaluate --predictions", () => {
  test("writes the same table as CSV and as Parquet, with a row for each image", async () => {
    const { document, evaluation } = await evaluated({ predictions: "p.csv" });
    await evaluated({ predictions: "p.parquet" });
    const [header = [], ...rows] = parseCsv(await readFile(join(cwd, "p.csv"), "utf8"), "p.csv");
    const bytes = new Uint8Array(await readFile(join(cwd, "p.parquet")));
    const objects: readonly Readonly<Record<string, unknown>>[] = await parquetReadObjects({
      file: bytes.slice().buffer,
    });
    expect(rows).toHaveLength(20);
    expect(objects.map((row) => header.map((name) => String(row[name] ?? "")))).toEqual(rows);
    expect(objects.filter(({ correct }) => correct === true)).toHaveLength(Math.round(document.top1 * 20));
    expect(objects.map(({ label }) => label)).toEqual([...evaluation.labels]);
    const losses = objects.map(({ loss }) => Number(loss));
    expect(losses.reduce((sum, loss) => sum + loss, 0) / 20).toBeCloseTo(document.loss, 12);
    expect(header.slice(10)).toEqual([
      ...[1, 2, 3].flatMap((rank) => [`top${rank}`, `top${rank}_name`, `top${rank}_probability`]),
      "broken",
      "problem",
    ]);
  });

  test("overwrites nothing, and knows two formats", async () => {
    await writeFile(join(cwd, "taken.csv"), "mine");
    await expect(evaluated({ predictions: "taken.csv" })).rejects.toThrow("taken.csv exists already");
    await expect(evaluated({ predictions: "p.txt" })).rejects.toThrow(
      "--predictions writes CSV or Parquet, so p.txt should end in .csv or .parquet",
    );
  });
});

describe("the progress of an evaluation", () => {
  const progressOf = async (options: Partial<EvaluateOptions>) => {
    const events: CommandEvent[] = [];
    const environment = madeUpEnvironment(cwd, syntheticData);
    await evaluate(
      { weights: "tiny.json", seed: 1, data: "synthetic", engine: "reference", batch: 8, ...options },
      { ...environment, onEvent: (event) => events.push(event) },
    );
    return events.filter((event) => event.event === "evaluating");
  };

  test("is told after each batch, up to the last image", async () => {
    expect(await progressOf({})).toEqual(
      [8, 16, 20].map((images) => ({ event: "evaluating", split: "test", images, ofImages: 20 })),
    );
  });

  test("counts views where each image has several, and each network of an ensemble on its own", async () => {
    const views = await progressOf({ tta: "mirror" });
    expect(views.at(-1)).toEqual({ event: "evaluating", split: "test", images: 40, ofImages: 40, views: 2 });
    const told = views.map((event) => event.images);
    expect(told).toEqual([...told].sort((a, b) => a - b));
    const ensemble = await progressOf({ weights: ["tiny.json", "tiny.json"] });
    expect(ensemble.map(({ images }) => images)).toEqual([8, 16, 20, 8, 16, 20]);
  });
});

test("evaluate --out writes a report, its pictures and the document", async () => {
  const { document } = await evaluated({ out: "report" });
  expect(document.report).toBe(join(cwd, "report"));
  const names = ["confusion.png", "evaluation.json", "mistakes.png", "reliability.png", "report.html"];
  expect((await readdir(join(cwd, "report"))).sort()).toEqual(names);
  const { report: _, ...written } = document;
  expect(JSON.parse(await readFile(join(cwd, "report", "evaluation.json"), "utf8"))).toEqual(written);
});

describe("evaluate with several weights", () => {
  test("an ensemble of one network twice is that network, with each alone beside it", async () => {
    const alone = await evaluated({});
    const { document } = await evaluated({ weights: ["tiny.json", "tiny.json"] });
    expect(document.top1).toBe(alone.document.top1);
    expect(document.loss).toBeCloseTo(alone.document.loss, 6); // log of mean probabilities is stored in f32
    expect(document.members?.map(({ loss }) => loss)).toEqual([alone.document.loss, alone.document.loss]);
  });

  test("refuses networks of other classes", async () => {
    await expect(evaluated({ weights: ["tiny.json", "four.json"] })).rejects.toThrow(
      "tiny.json tells 3 classes apart and four.json 4: their probabilities can't be averaged; evaluate them one by one",
    );
  });
});

describe("evaluate --labels", () => {
  const labels = [...syntheticData.test.labels];

  test("takes ReaL's list by place: its own labels change nothing, an empty list leaves an image out", async () => {
    await writeFile(join(cwd, "real.json"), JSON.stringify(labels.map((label, i) => (i === 0 ? [] : [label]))));
    const { reassessed } = (await evaluated({ labels: "real.json" })).document;
    expect(reassessed).toMatchObject({
      matchedBy: "place in the split",
      assessed: 19,
      leftOut: 1,
      becameRight: 0,
      becameWrong: 0,
    });
    expect(reassessed?.top1).toBe(reassessed?.plainTop1);
  });

  test("takes votes: at least k of n annotators accept the answer", async () => {
    await writeFile(join(cwd, "votes.json"), JSON.stringify(labels.map(() => [["a", "b", "c"], [0, 1, 2], []])));
    expect((await evaluated({ labels: "votes.json", agree: "2/3" })).document.reassessed?.top1).toBe(1);
    expect((await evaluated({ labels: "votes.json", agree: "3/3" })).document.reassessed?.top1).toBe(0);
    await expect(evaluated({ labels: "votes.json" })).rejects.toThrow(
      "holds the votes of annotators; say how many have to agree, such as --agree 4/5",
    );
    await expect(evaluated({ labels: "votes.json", agree: "4/5" })).rejects.toThrow(
      "image 0 was judged by 3 annotators but --agree asks for 4 of 5",
    );
  });

  test("takes votes of a CSV file: right is what at least k of an image's n annotators accept, and nothing else", async () => {
    const { evaluation } = await evaluated({});
    const predicted = predictedClasses(evaluation.logits);
    // Of five annotators the first i % 6 accept the network's answer at image i, the others another class, or nothing.
    const rows = [...predicted].flatMap((label, image) =>
      Array.from({ length: 5 }, (_, annotator) => {
        const other = annotator === 4 ? "" : String((label + 1) % 3);
        return `${image},annotator ${annotator},${annotator < image % 6 ? label : other}`;
      }),
    );
    await writeFile(join(cwd, "votes.csv"), `image,annotator,label\n${rows.join("\n")}\n`);
    for (const [k, right] of [
      [5, [...predicted.keys()].filter((image) => image % 6 >= 5).length],
      [4, [...predicted.keys()].filter((image) => image % 6 >= 4).length],
      [1, [...predicted.keys()].filter((image) => image % 6 >= 1).length],
    ] as const) {
      const { reassessed } = (await evaluated({ labels: "votes.csv", agree: `${k}/5` })).document;
      expect(reassessed).toMatchObject({ matchedBy: "place in the split", assessed: 20, leftOut: 0 });
      expect(reassessed?.top1).toBeCloseTo(right / 20, 12);
    }
  });

  test.each([
    [{ agree: "4/5" }, "--agree is for annotators' votes; give their file with --labels"],
    [
      { labels: "short.json" },
      "has 1 lists but the split has 20 images; lists without file names need one for each, in order",
    ],
    [{ labels: "twice.json" }, 'twice.json: names "a.png" twice; give its labels once'],
    [{ labels: "wrong.json" }, "entry 0: 7 is no class; the network knows 0 … 2 and their names"],
    [
      { labels: "short.json", agree: "5/4" },
      '--agree should be so many of so many annotators, such as 4/5, but is "5/4"',
    ],
    [
      { protocol: "tencrop" },
      '--protocol should be "own", "one-crop", "ten-crop", "multi-scale" but is "tencrop"; did you mean "ten-crop"?',
    ],
    [{ scales: [224] }, "--scales are for --protocol multi-scale; add it, or leave them out"],
    [
      { weights: "residual-mlp-5", protocol: "multi-scale" },
      "takes those of one size alone; --protocol multi-scale is for convolutional networks",
    ],
  ])("refuses %j", async (options, message) => {
    await writeFile(join(cwd, "short.json"), "[[0]]");
    await writeFile(join(cwd, "twice.json"), '{"a.png": [0], "b.png": [1], "a.png": [2]}');
    await writeFile(join(cwd, "wrong.json"), JSON.stringify(labels.map(() => [7])));
    await expect(evaluated(options)).rejects.toThrow(message);
  });
});
