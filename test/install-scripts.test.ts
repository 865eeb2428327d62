// What runs while packages are installed. npm runs the install scripts of those that package-lock.json marks; onnxruntime-node's would fetch
// CUDA's libraries (a few hundred megabytes that no test needs), so its mark is taken out by hand. npm 9, 10 and 11 heed that, and
// `npm install` leaves it out; a newer version of the package brings it back.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { z } from "zod";

const read = <T>(schema: z.ZodType<T>, file: string): T =>
  schema.parse(JSON.parse(readFileSync(new URL(`../../${file}`, import.meta.url), "utf8"))); // from dist/test

test("koffi's is the only install script, and package.json allows it for npm versions that ask", () => {
  const { packages } = read(
    z.object({ packages: z.record(z.string(), z.object({ hasInstallScript: z.boolean().optional() })) }),
    "package-lock.json",
  );
  const withScripts = Object.entries(packages).filter(([, { hasInstallScript }]) => hasInstallScript === true);
  const message = 'take "hasInstallScript" out of onnxruntime-node in package-lock.json again: its script fetches CUDA';
  expect(
    withScripts.map(([place]) => place),
    message,
  ).toEqual(["node_modules/koffi"]);
  const { allowScripts } = read(z.object({ allowScripts: z.record(z.string(), z.boolean()) }), "package.json");
  expect(allowScripts).toEqual({ koffi: true });
});
