// Runs one program to its end and gives back what it said. Set-up's only way to touch the machine, so that tests can replace it.
import { spawn } from "node:child_process";

/** How a program ended. `output` is standard output, `errors` standard error; status 127: there is no such program. */
export interface CommandResult {
  readonly status: number;
  readonly output: string;
  readonly errors: string;
}

/** Runs `command[0]` with the rest as arguments. Never throws for a program that fails. */
export type RunCommand = (command: readonly string[], folder?: string) => Promise<CommandResult>;

/** Longest that one program may take: apt's own time limits are far shorter, so this ends only what hangs. */
const timeoutMs = 10 * 60 * 1000;

export const runCommand: RunCommand = (command, folder) =>
  new Promise((resolve) => {
    const [program, ...argumentList] = command;
    const child = spawn(program!, argumentList, {
      cwd: folder,
      // The texts of apt are read below, and no package may ask a question.
      env: { ...process.env, LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    // Not spawn's own `timeout`: its timer outlives a program that could not be started, and holds the process for its whole length.
    const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
    let output = "";
    let errors = "";
    child.stdout.on("data", (chunk) => {
      output += chunk;
    });
    child.stderr.on("data", (chunk) => {
      errors += chunk;
    });
    const end = (status: number, lastError: string): void => {
      clearTimeout(timer);
      resolve({ status, output, errors: errors + lastError });
    };
    child.on("error", (error) => end(127, error.message));
    child.on("close", (status, signal) => end(status ?? 1, signal === null ? "" : `\nended by ${signal}`));
  });

/** The last lines that a failed program printed, for an error message. */
export function lastLines({ output, errors }: CommandResult, count = 8): string {
  const lines = `${output}\n${errors}`.split("\n").filter((line) => line.trim() !== "");
  return lines.slice(-count).join("\n");
}
