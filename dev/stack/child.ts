/** One process of the stack: a program, mostly a Deno script, that serves on a port of its own. */

/** How long a child may take to be ready, in ms; a first start downloads modules. */
const START_TIMEOUT = 120_000;

/** How long a child may take to end when asked to, in ms, before it is killed. */
const STOP_TIMEOUT = 2_000;

/** What Deno itself needs of the environment: where its cache of modules is. */
const DENO_VARIABLES = ["HOME", "PATH", "DENO_DIR", "XDG_CACHE_HOME", "TMPDIR"];

/** What to run. */
export interface ProgramOptions {
  /** For messages. */
  name: string;
  program: string;
  args: string[];
  env: Record<string, string>;
  /** Whether it sees this process's environment, too. */
  inheritEnv: boolean;
  /** Called with every line of its standard output and error. */
  onLine: (line: string) => void;
}

/** A Deno script to run, and with which rights. */
export interface ChildOptions extends Omit<ProgramOptions, "program"> {
  /** Path of the Deno binary. */
  deno: string;
  /** What follows `deno run`: rights and the script. */
  args: string[];
}

/** A running child. */
export interface Child {
  /** Where it serves: `http://127.0.0.1:<port>`. */
  url: string;
  /** Settles when the process has ended, for whatever reason. */
  ended: Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts a script in the folder of the repository and waits until it prints
 * `ready <url>`.
 * @throws {Error} with its last lines, where it ends or hangs before that
 */
export function startChild({ deno, args, ...options }: ChildOptions): Promise<Child> {
  return startProgram({ ...options, program: deno, args: ["run", "--no-prompt", ...args] });
}

/** The same for any program. */
export async function startProgram(options: ProgramOptions): Promise<Child> {
  const process = new Deno.Command(options.program, {
    args: options.args,
    cwd: new URL("../..", import.meta.url),
    clearEnv: !options.inheritEnv,
    env: { ...denoVariables(), ...options.env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();

  const lastLines: string[] = [];
  const ready = Promise.withResolvers<string>();
  const read = async (stream: ReadableStream<Uint8Array>) => {
    for await (const line of lines(stream)) {
      const url = /^ready (http:\S+)$/.exec(line)?.[1];
      if (url) {
        ready.resolve(url);
        continue;
      }
      if (lastLines.push(line) > 20) lastLines.shift();
      options.onLine(line);
    }
  };
  const fail = (how: string) =>
    ready.reject(new Error([`${options.name} ${how}:`, ...lastLines].join("\n")));
  const output = [read(process.stdout), read(process.stderr)];
  const ended = Promise.all([...output, process.status])
    .then(() => fail("ended before it was ready"));

  const stop = async () => {
    signal(process, "SIGTERM");
    const timer = setTimeout(() => signal(process, "SIGKILL"), STOP_TIMEOUT);
    await ended;
    clearTimeout(timer);
    await process.stdin.close().catch(() => {});
  };

  const timer = setTimeout(() => fail("was not ready in time"), START_TIMEOUT);
  try {
    return { url: await ready.promise, ended, stop };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function denoVariables(): Record<string, string> {
  return Object.fromEntries(
    DENO_VARIABLES.map((name) => [name, Deno.env.get(name)])
      .filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
}

/** A process that has already ended cannot be signalled: that is as good. */
function signal(process: Deno.ChildProcess, name: Deno.Signal): void {
  try {
    process.kill(name);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}

async function* lines(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop()!;
    yield* parts;
  }
  if (rest !== "") yield rest;
}
