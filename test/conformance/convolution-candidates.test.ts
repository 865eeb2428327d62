// Every code that might be chosen for a convolution by measuring, on awkward shapes, against f64: each candidate in turn is made to
// look the fastest.
import { describe, expect, test } from "vitest";
import { precisions } from "../../src/base/dtype.ts";
import { MissingError } from "../../src/base/errors.ts";
import { compareGraph, worstOf } from "../../src/engine/conformance/compare-graph.ts";
import { randomTensors } from "../../src/engine/conformance/random-tensors.ts";
import type { Choosing } from "../../src/engine/onednn/convolution-choices.ts";
import type { Dnnl } from "../../src/engine/onednn/dnnl.ts";
import { openDnnlV2 } from "../../src/engine/onednn/dnnl-v2.ts";
import { openOneDnn } from "../../src/engine/onednn/library.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { withPrecision } from "../../src/passes/precision.ts";
import { oneDnnOptions } from "../engine/onednn-options.ts";
import { convCases } from "./cases/conv-cases.ts";
import { inProcessEngine } from "./in-process-engine.ts";

/** Chooses the candidate that is timed as number `favourite` (0: the rules'). `timed`: how many there were. */
const favouring = (favourite: number) => {
  const chosen = new Set<string>();
  let timed = 0;
  const choosing: Choosing = {
    setting: "a test",
    // So much less that a form of several calls is chosen for one of them.
    scratch: { time: () => (timed++ === favourite ? -1000 : 1), timeReorder: () => 0 },
    known: () => null,
    use: () => {},
    measure: (_, measure) => {
      const choice = measure();
      chosen.add(choice);
      return choice;
    },
  };
  return { choosing, chosen, timed: () => timed };
};

const openHere = (): Dnnl | string => {
  try {
    const { library, version, openMp } = openOneDnn(oneDnnOptions.places);
    openMp.func("void omp_set_num_threads(int threads)")(1);
    return openDnnlV2(library, version);
  } catch (error) {
    if (!(error instanceof MissingError)) throw error;
    console.warn(`not tested: ${error.message}`);
    return error.message;
  }
};

const dnnl = openHere();
const seen = new Set<string>();
const forms = new Set<string>();

describe.skipIf(typeof dnnl === "string")("every candidate for a convolution computes it", () => {
  if (typeof dnnl === "string") return;
  for (const precision of precisions.filter((each) => each === "f32" || dnnl.bf16 !== "none")) {
    for (const [kind, titled] of Object.entries(convCases)) {
      for (const [title, build] of Object.entries(titled)) {
        test(`${kind} in ${precision}: ${title}`, async () => {
          const builder = new GraphBuilder();
          for (const value of build(builder, "f32")) builder.output(value);
          const graph = withPrecision(builder.build(), precision);
          const tensors = randomTensors(graph, 1);
          for (let favourite = 0, of = 1; favourite < of; favourite++) {
            const { choosing, chosen, timed } = favouring(favourite);
            const engine = inProcessEngine(dnnl, "auto", choosing);
            const { name, share } = worstOf(await compareGraph(engine, graph, tensors));
            of = Math.max(of, timed()); // of some candidates there are fewer forms
            for (const choice of chosen) {
              seen.add(choice.replace(/.*: /, ""));
              forms.add(choice.replace(/:.*/, ""));
            }
            expect(share, `${name} by ${[...chosen].join()}`).toBeLessThanOrEqual(1);
          }
        });
      }
    }
  }

  test("and there was more than the rules' choice to compare", () => {
    console.info(`candidates: ${[...seen].sort().join(", ")}`);
    expect(seen.size).toBeGreaterThan(1);
  });

  test.skipIf(dnnl.bf16 !== "fast")("and among them were all forms of a gradient", () => {
    const all = ["in one row", "one product", "a forward pass", "mirrored"];
    expect([...forms]).toEqual(expect.arrayContaining(all));
  });
});
