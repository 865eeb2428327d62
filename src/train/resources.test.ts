import { describe, expect, test } from "vitest";
import { withResources } from "./resources.ts";

const recorder = () => {
  const disposed: string[] = [];
  const resource = (name: string, error: Error | null = null) => ({
    dispose: async () => {
      disposed.push(name);
      if (error !== null) throw error;
    },
  });
  return { disposed, resource };
};

describe("withResources(use)", () => {
  test("disposes in reverse order and returns what was made", async () => {
    const { disposed, resource } = recorder();
    const result = await withResources(async (keep) => {
      keep(resource("engine"));
      keep(resource("program"));
      return 7;
    });
    expect([result, disposed]).toEqual([7, ["program", "engine"]]);
  });

  test("tells the first error, and disposes of everything all the same", async () => {
    const { disposed, resource } = recorder();
    const attempt = withResources(async (keep) => {
      keep(resource("engine"));
      keep(resource("program", new Error("can't be disposed of")));
      throw new Error("the step failed");
    });
    await expect(attempt).rejects.toThrow("the step failed");
    expect(disposed).toEqual(["program", "engine"]);
  });

  test("tells an error of disposal when there was no other", async () => {
    const { resource } = recorder();
    const attempt = withResources(async (keep) => void keep(resource("program", new Error("can't be disposed of"))));
    await expect(attempt).rejects.toThrow("can't be disposed of");
  });
});
