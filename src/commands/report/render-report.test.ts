import { parseHTML } from "linkedom";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { exampleInput } from "./example.fixture.ts";
import { thumbnail } from "./png.ts";
import { renderReport } from "./render-report.ts";

const hostile = [
  `</svg><script>alert("1")</script>`,
  `" onload='alert(2)' x="`,
  `&lt;\u0000\u001b\ud800<![CDATA[ ]]><!--${"very long ".repeat(30)}`,
];

/** Every element of a page with the names of its attributes, in order. */
const partsOf = (html: string): readonly string[] => {
  const elements: Iterable<{ localName: string; getAttributeNames(): string[] }> =
    parseHTML(html).document.querySelectorAll("*");
  return Array.from(elements, (element) => [element.localName, ...element.getAttributeNames().sort()].join(" "));
};

describe("renderReport(input)", async () => {
  const input = exampleInput();
  const { html, pictures } = await renderReport(input);

  test("says what was trained, on what, how well, from how many images", () => {
    for (const part of [
      "<h1>ResNet-20 on three clothes</h1>",
      "<dt>Test accuracy</dt><dd>80.00\u00a0%<small>95 % interval 49.02\u00a0% … 94.33\u00a0%</small><small>n = 10 test images</small>",
      "<dd>272,186</dd>",
      "<dd>31\u00a0M an image</dd>",
      "<dd>1,012 images/s (n = 320)</dd>",
      "<dd>a made-up processor, 2 cores</dd>",
      "<dt>Arena</dt><dd>118 MiB</dd>",
      "<code>residual train clothes --model resnet20 --epochs 2</code>",
      "&quot;model&quot;: &quot;resnet20&quot;",
    ]) {
      expect(html).toContain(part);
    }
  });

  test("loads nothing: no script, no address outside itself, a policy that forbids both", () => {
    expect(html).toContain(`content="default-src 'none'; img-src data:; style-src 'unsafe-inline'"`);
    expect(html).not.toMatch(/<script|<link|<iframe|@import|url\(/i);
    const addresses = [...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address]) => address ?? "");
    expect(addresses.length).toBeGreaterThan(0);
    for (const address of addresses) expect(address).toMatch(/^data:image\/png;base64,/);
  });

  test("gives every picture words and every chart a table", () => {
    expect(html).toContain(
      'alt="test image 9: the network said shirt with probability &gt;\u00a099.9\u00a0%; it is boot, given &lt;\u00a00.1\u00a0%"',
    );
    expect(html.match(/<img /g)).toHaveLength(2);
    expect(html.match(/<table>/g)).toHaveLength(4);
    expect(html.match(/role="img"/g)).toHaveLength(3);
    const ids = [...html.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("follows dark mode and prints light", () => {
    expect(html).toContain("@media (prefers-color-scheme: dark)");
    expect(html).toContain("@media print");
  });

  test("draws the same pictures as PNG files, at twice their size", async () => {
    expect(Object.keys(pictures)).toEqual(["learning-curves.png", "confusion.png", "reliability.png", "mistakes.png"]);
    for (const png of Object.values(pictures)) {
      const { format, width } = await sharp(png).metadata();
      expect(format).toBe("png");
      expect(width).toBeGreaterThan(500);
    }
  });

  test("survives hostile names: no string of the input becomes markup, and the pictures stay well-formed", async () => {
    const evil = hostile[0] ?? "";
    const report = await renderReport({
      ...exampleInput(hostile),
      title: evil,
      hardware: evil,
      command: evil,
      facts: [{ name: evil, value: evil }],
      recipe: { [evil]: hostile },
    });
    expect(report.html).not.toMatch(/<script|<!--|<!\[CDATA/i);
    // A string that broke out of its place would add elements or attributes to those of the harmless report.
    expect(partsOf(report.html)).toEqual(partsOf(html));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these characters are what is being looked for
    expect(report.html).not.toMatch(/[\u0000\u001b]/);
    // sharp refuses SVG that is not well-formed XML, so four pictures are four proofs.
    expect(Object.keys(report.pictures)).toHaveLength(4);
  });

  test("reports a training that stopped before any evaluation", async () => {
    const report = await renderReport({ ...input, evaluation: null, epochs: [] });
    expect(report.html).toContain("Training stopped before there was anything to evaluate.");
    expect(Object.keys(report.pictures)).toEqual(["learning-curves.png"]);
  });

  test("reports steps whose loss was not finite, and a network that is never wrong", async () => {
    const evaluation = input.evaluation === null ? null : { ...input.evaluation, mistakes: [] };
    const curves = input.curves.map((point, i) => (i === 79 ? { ...point, loss: Number.NaN } : point));
    const report = await renderReport({ ...input, curves, evaluation });
    expect(report.html).toContain("The loss of 1 recorded step was not finite; the curves leave them out.");
    expect(report.html).toContain("No test image was given a wrong class (n = 10).");
    expect(Object.keys(report.pictures)).toEqual(["learning-curves.png", "confusion.png", "reliability.png"]);
  });
});

describe("thumbnail(pixels, shape, side)", () => {
  test("keeps pixels as squares of a whole size", async () => {
    const png = await thumbnail(Uint8Array.of(0, 50, 100, 150, 200, 250), [1, 2, 3], 10);
    const { data, info } = await sharp(png).greyscale().raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([12, 8]);
    expect([0, 3, 4, 11].map((x) => data[x])).toEqual([0, 0, 50, 100]);
    expect(data[12 * 7 + 11]).toBe(250);
  });

  test("takes colours channel by channel, and shows other numbers of channels as their mean", async () => {
    const red = await sharp(await thumbnail(Uint8Array.of(255, 0, 7), [3, 1, 1], 1))
      .raw()
      .toBuffer();
    expect([...red.subarray(0, 3)]).toEqual([255, 0, 7]);
    const grey = await sharp(await thumbnail(Uint8Array.of(10, 30), [2, 1, 1], 1))
      .greyscale()
      .raw()
      .toBuffer();
    expect(grey[0]).toBe(20);
  });
});
