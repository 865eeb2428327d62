import { describe, expect, test } from "vitest";
import { confusionMatrix } from "../../evaluate/confusion.ts";
import { confusionPicture, shownClasses } from "./confusion-picture.ts";
import { exampleInput } from "./example.fixture.ts";
import { light } from "./palette.ts";

const confusion = confusionMatrix(Int32Array.of(0, 0, 1, 2), Int32Array.of(0, 1, 1, 2), 3);

describe("confusionPicture(confusion, classes, split, palette, alone)", () => {
  test("has a cell for each pair of classes, names on both sides and n of each row", () => {
    const { text } = confusionPicture(confusion, exampleInput().classes, "test", light, true);
    expect(text.match(/<rect /g)).toHaveLength(1 + 9 + 3 + 1); // background, grid, right, wrong
    for (const name of ["shirt", "coat", "boot"]) expect(text.split(`>${name}</text>`)).toHaveLength(3);
    expect(text).toContain("50.0&#160;% of 2");
    expect(text).toContain(">Confusion matrix: 4 test images.</text>");
  });

  test("keeps classes of one name apart, and names what has no name", () => {
    const { text } = confusionPicture(confusion, ["same", "same"], "test", light, false);
    expect(text.split(">same</text>")).toHaveLength(5);
    expect(text.split(">class 2</text>")).toHaveLength(3);
  });

  test("shows the classes with the most mistakes where there are too many, and says so", () => {
    const classes = 100;
    const labels = Int32Array.from({ length: classes }, (_, c) => c);
    const predicted = labels.map((c) => (c >= 70 && c < 90 ? 0 : c));
    const many = confusionMatrix(predicted, labels, classes);
    expect(shownClasses(many)).toEqual(Array.from({ length: 20 }, (_, i) => 70 + i));
    expect(confusionPicture(many, [], "test", light, true).text).toContain(
      ">Confusion matrix: 100 test images. Shown are the 20 of 100 classes with the most mistakes.</text>",
    );
  });
});
