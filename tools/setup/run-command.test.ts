import { expect, it } from "vitest";
import { lastLines, runCommand } from "./run-command.ts";

it("runCommand(command) gives status, output and errors, with texts in English", async () => {
  expect(await runCommand(["sh", "-c", "echo $LC_ALL; echo bad >&2; exit 3"])).toEqual({
    status: 3,
    output: "C\n",
    errors: "bad\n",
  });
});

it("runCommand(command) gives status 127 for a program that doesn't exist, and leaves no timer behind", async () => {
  const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
  const before = timers();
  expect((await runCommand(["residual-no-such-program"])).status).toBe(127);
  expect(timers()).toBe(before);
});

it("lastLines(result, count) leaves out empty lines", () => {
  expect(lastLines({ status: 1, output: "a\n\nb\n", errors: "c\n" }, 2)).toBe("b\nc");
});
