import { describe, expect, test } from "vitest";
import { markup, printable, shorten, trusted } from "./markup.ts";

describe("markup`…`", () => {
  test("escapes what is put into it, in text and in attributes", () => {
    expect(markup`<b title="${`"'><script>`}">${"R&D"}</b>`.text).toBe(
      '<b title="&quot;&#39;&gt;&lt;script&gt;">R&amp;D</b>',
    );
  });

  test("leaves markup as it is, and joins lists", () => {
    expect(markup`<ul>${["a<", "b"].map((item) => markup`<li>${item}</li>`)}${trusted("<hr/>")}</ul>`.text).toBe(
      "<ul><li>a&lt;</li><li>b</li><hr/></ul>",
    );
  });
});

describe("printable(text)", () => {
  test("replaces what XML forbids and what reorders its neighbours, and nothing else", () => {
    expect(printable("a\u0000b\u001bc\ud800d\u202ee\uffff")).toBe("a\ufffdb\ufffdc\ufffdd\ufffde\ufffd");
    expect(printable("Größe 大きさ 👕\t\n")).toBe("Größe 大きさ 👕\t\n");
  });
});

describe("shorten(text, length)", () => {
  test("ends long text with an ellipsis, never inside a character", () => {
    expect(shorten("👕👕👕👕", 3)).toBe("👕👕…");
    expect(shorten("shirt", 5)).toBe("shirt");
  });
});
