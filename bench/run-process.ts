// Runs a process to its end; a measuring one gives the JSON document that its last line of output is.
import { spawn } from "node:child_process";

/** The process ended otherwise than with a document; the message is the last line that it wrote to stderr. */
export class ProcessFailure extends Error {
  override readonly name = "ProcessFailure";
}

const lastLine = (text: string): string => text.trimEnd().split("\n").at(-1) ?? "";

/** What it wrote to stdout. Throws ProcessFailure when it can't be started or ends with another status than 0. */
export const runToEnd = async (program: string, args: readonly string[], cwd: string): Promise<string> => {
  const child = spawn(program, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  let [output, errors] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on("error", (error) => reject(new ProcessFailure(error.message)));
    child.on("close", resolve);
  });
  if (status !== 0) throw new ProcessFailure(lastLine(errors) || `it ended with status ${status}`);
  return output;
};

/** The document of a measuring process. Throws ProcessFailure, also when there is none. */
export const runProcess = async (program: string, args: readonly string[], cwd: string): Promise<unknown> => {
  const output = await runToEnd(program, args, cwd);
  try {
    return JSON.parse(lastLine(output));
  } catch {
    throw new ProcessFailure(`its last line is not JSON: ${lastLine(output)}`);
  }
};
