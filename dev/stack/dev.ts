/** `deno task dev`: runs the stack until Ctrl-C. */

import { parseArgs } from "node:util";
import { DEFAULT_GATEWAY_PORT, DEFAULT_PORT, startStack } from "./stack.ts";
import type { Mode } from "./edge.ts";
import type { Stack } from "./stack.ts";
import { MODEL } from "../gateway/chat.ts";

const HELP = `Runs a local Supabase, the function and a double of the Behest gateway.

  deno task dev [flags]

  --mode <mode>          api-key (default): the function calls Behest to mint
                         local: the function signs by itself
  --port <port>          Supabase and the function (default ${DEFAULT_PORT}; 0 takes a free one)
  --gateway-port <port>  the Behest gateway (default ${DEFAULT_GATEWAY_PORT}; 0 likewise)
  --help                 this text
`;

interface Flags {
  mode: Mode;
  port: number;
  gatewayPort: number;
  help: boolean;
}

/** @throws {Error} with what is wrong about which flag */
function parseFlags(args: string[]): Flags {
  const { values } = parseArgs({
    args,
    options: {
      mode: { type: "string", default: "api-key" },
      port: { type: "string", default: String(DEFAULT_PORT) },
      "gateway-port": { type: "string", default: String(DEFAULT_GATEWAY_PORT) },
      help: { type: "boolean", default: false },
    },
  });
  if (values.mode !== "api-key" && values.mode !== "local") {
    throw new Error("--mode is api-key or local.");
  }
  return {
    mode: values.mode,
    port: parsePort("--port", values.port),
    gatewayPort: parsePort("--gateway-port", values["gateway-port"]),
    help: values.help,
  };
}

function parsePort(flag: string, text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535) {
    throw new Error(`${flag} is 0 to 65535.`);
  }
  return port;
}

/** What a person needs to begin, with lines to paste into a shell. */
function describe(stack: Stack): string {
  const rows = [
    ["Demo page", stack.pageUrl],
    ["Supabase", stack.url],
    ["Function", stack.functionUrl],
    ["Behest gateway", stack.gatewayUrl],
    ["Publishable key", stack.publishableKey],
    ["Mode", stack.mode],
    ...stack.users.map((
      user,
    ) => [`User on ${user.plan}`, `${user.email}  ${user.password}`]),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const line = "─".repeat(72);
  return [
    "",
    line,
    ...rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`),
    line,
    "",
    "Paste, to sign in, mint and chat:",
    "",
    ...curlLines(stack),
    "",
    "Ctrl-C stops everything.",
    "",
  ].join("\n");
}

function curlLines(
  { url, functionUrl, gatewayUrl, publishableKey, users }: Stack,
): string[] {
  const { email, password } = users.find((user) => user.plan === "pro")!;
  const signIn = JSON.stringify({ email, password });
  const chat = JSON.stringify({
    model: MODEL,
    stream: true,
    messages: [{ role: "user", content: "Hello" }],
  });
  const json = "-H 'Content-Type: application/json'";
  const field = (name: string) => `sed 's/.*"${name}":"\\([^"]*\\)".*/\\1/'`;
  return [
    `SESSION=$(curl -s '${url}/auth/v1/token?grant_type=password' -H 'apikey: ${publishableKey}' ${json} -d '${signIn}' | ${
      field("access_token")
    })`,
    `BEHEST=$(curl -s -X POST ${functionUrl} -H "Authorization: Bearer $SESSION"); echo "$BEHEST"`,
    `curl -N -s ${gatewayUrl}/v1/chat/completions -H "Authorization: Bearer $(echo "$BEHEST" | ${
      field("token")
    })" -H "X-Session-Id: $(echo "$BEHEST" | ${field("sessionId")})" ${json} -d '${chat}'`,
  ];
}

/** Resolves when the person or the system asks to stop. */
function stopSignal(): Promise<void> {
  const signals: Deno.Signal[] = Deno.build.os === "windows"
    ? ["SIGINT"]
    : ["SIGINT", "SIGTERM", "SIGHUP"];
  return new Promise((resolve) => {
    for (const signal of signals) Deno.addSignalListener(signal, resolve);
  });
}

/** @returns the exit code */
async function main(): Promise<number> {
  let stack: Stack;
  try {
    const flags = parseFlags(Deno.args);
    if (flags.help) {
      console.log(HELP);
      return 0;
    }
    stack = await startStack(flags);
  } catch (error) {
    console.error((error as Error).message);
    return 1;
  }
  console.log(describe(stack));
  const broken = await Promise.race([stopSignal(), stack.broken]);
  await stack.stop();
  if (broken) console.error(broken);
  return broken ? 1 : 0;
}

Deno.exit(await main());
