// Writes a state's tensors that do not lie row-major, over and over, and reads them back: prints how many came back other than they were
// written. Run by state-collection.test.ts in a process of its own, for it may end in a segmentation fault.
import type { NamedTensors } from "../../src/base/tensor.ts";
import { tensor } from "../../src/base/tensor.ts";
import { openDnnlV2 } from "../../src/engine/onednn/dnnl-v2.ts";
import { openOneDnn } from "../../src/engine/onednn/library.ts";
import { NativeState } from "../../src/engine/onednn/state.ts";
import { oneDnnOptions } from "./onednn-options.ts";

const { library, version } = openOneDnn(oneDnnOptions.places);
const dnnl = openDnnlV2(library, version);

/** `count` tensors [size, 1024, 1, 1], each full of its own number. */
const filled = (name: string, count: number, size: number): NamedTensors =>
  new Map(
    Array.from({ length: count }, (_, k) => [
      `${name}${k}`,
      tensor("f32", [size, 1024, 1, 1], new Float32Array(size * 1024).fill(k + 1)),
    ]),
  );
// Of 8 MiB: what is collected goes back to the system at once, and is collected often. The small ones have the code that writes
// optimised, which forgets a variable when it is last read.
const large = filled("large", 4, 2048);
const small = filled("small", 200, 1);
const written: NamedTensors = new Map([...small, ...large]);

const state = new NativeState(dnnl, written);
state.arrange(
  new Map([...large].map(([name, { shape }]) => [name, dnnl.image([shape[0] ?? 0, 1024, 1, 1], "nChw16c")])),
);
let wrong = 0;
for (let round = 0; round < 40; round++) {
  state.write(written);
  for (const [name, { data }] of state.read([...large.keys()])) {
    const value = written.get(name)?.data[0];
    if (data.some((each) => each !== value)) wrong++;
  }
}
state.free();
dnnl.dispose();
console.log(JSON.stringify({ wrong }));
