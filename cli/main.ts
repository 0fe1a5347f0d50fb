/** `npx behest-token`: picks the command. */
import { readFile } from "node:fs/promises";
import process from "node:process";
import { doctor } from "./doctor.ts";
import { init, INIT_HELP } from "./init.ts";
import { printable, type Terminal, UsageError } from "./terminal.ts";

const HELP = `behest-token: from a Supabase session to a Behest token.

  npx behest-token init [folder]    puts the function into a Supabase project
  npx behest-token doctor           says what is wrong with a deployed function
  npx behest-token <command> --help
  npx behest-token --version`;

/** Beside this file, once it is in the package. */
const ASSETS = new URL("./", import.meta.url);

const terminal: Terminal = {
  print: (text) => console.log(text),
  warn: (text) => console.error(text),
  isTerminal: process.stdin.isTTY === true && process.stdout.isTTY === true,
};

// A reader that has seen enough, such as head: what is left to say is for nobody.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: Error & { code?: string }) => {
    if (error.code !== "EPIPE") throw error;
    // As the shell has it for a program that SIGPIPE ends.
    process.exit(141);
  });
}

async function main([command, ...args]: string[]): Promise<number> {
  switch (command) {
    case "init":
      if (!args.includes("--help")) return await init(args, terminal, ASSETS);
      terminal.print(INIT_HELP);
      return 0;
    case "doctor":
      return await doctor(args, terminal);
    case "--version": {
      const manifest = await readFile(new URL("package.json", ASSETS), "utf8");
      terminal.print(JSON.parse(manifest).version);
      return 0;
    }
    case "--help":
      terminal.print(HELP);
      return 0;
    default:
      throw new UsageError(
        command === undefined ? HELP : `There is no such command.\n\n${HELP}`,
      );
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof UsageError) {
    terminal.warn(printable(error.message));
    process.exitCode = 2;
  } else if (error instanceof Error && "syscall" in error) {
    // The system says no: a file that must not be written, a folder that is none.
    terminal.warn(printable(error.message));
    process.exitCode = 1;
  } else if (error instanceof Error && error.name === "AbortError") {
    // Ctrl-C at a question.
    process.exitCode = 130;
  } else throw error;
}
