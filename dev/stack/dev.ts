/** `deno task dev`: runs the stack until Ctrl-C. */

import { parseArgs } from "node:util";
import { type Attached, DEFAULT_ATTACHED_PORT, lookAt, readAttached } from "./attached.ts";
import type { Mode } from "./edge.ts";
import { HOOK } from "./issuer/hook.ts";
import type { Issuer } from "./issuer/remote.ts";
import {
  type AttachedStack,
  DEFAULT_GATEWAY_PORT,
  DEFAULT_PORT,
  type Stack,
  startAttached,
  startStack,
} from "./stack.ts";
import { MODEL } from "../gateway/chat.ts";

const HELP =
  `Runs a local Supabase, the function and a double of the Behest gateway; or the last two
around a Supabase that is there already, where nothing is written.

  deno task dev [flags]

  --mode <mode>          api-key (default): the function calls Behest to mint
                         local: the function signs by itself
  --supabase <url>       a Supabase that is there: of \`supabase start\`, or a hosted project's
  --key <key>            its publishable key
  --port <port>          Supabase and the function (default ${DEFAULT_PORT}, with --supabase
                         ${DEFAULT_ATTACHED_PORT}; 0 takes a free one)
  --gateway-port <port>  the Behest gateway (default ${DEFAULT_GATEWAY_PORT}; 0 likewise)
  --help                 this text
`;

interface Flags {
  mode: Mode;
  attached?: Attached;
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
      supabase: { type: "string" },
      key: { type: "string" },
      port: { type: "string" },
      "gateway-port": { type: "string", default: String(DEFAULT_GATEWAY_PORT) },
      help: { type: "boolean", default: false },
    },
  });
  if (values.mode !== "api-key" && values.mode !== "local") {
    throw new Error("--mode is api-key or local.");
  }
  if (values.key !== undefined && values.supabase === undefined) {
    throw new Error("--key goes with --supabase: without it the keys are made at the start.");
  }
  const port = values.supabase === undefined ? DEFAULT_PORT : DEFAULT_ATTACHED_PORT;
  return {
    mode: values.mode,
    ...(values.supabase !== undefined && { attached: readAttached(values.supabase, values.key) }),
    port: parsePort("--port", values.port ?? String(port)),
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

/** What a person needs to begin. */
function describe(stack: AttachedStack, rows: [string, string][], rest: string[]): string {
  const all = [
    ["Demo page", stack.pageUrl],
    ["Supabase", stack.url],
    ["Function", stack.functionUrl],
    ["Behest gateway", stack.gatewayUrl],
    ["Publishable key", stack.publishableKey],
    ["Mode", stack.mode],
    ...rows,
  ];
  const width = Math.max(...all.map(([name = ""]) => name.length));
  const line = "─".repeat(72);
  return [
    "",
    line,
    ...all.map(([name = "", value]) => `${name.padEnd(width)}  ${value}`),
    line,
    "",
    ...rest,
    "",
    "Ctrl-C stops everything.",
    "",
  ].join("\n");
}

/** With lines to paste into a shell. */
function describeOwn(stack: Stack, { url, jwksUrl }: Issuer): string {
  return describe(
    stack,
    [
      ["Trusted issuer", url],
      ["Its keys", jwksUrl],
      ...stack.users.map(({ plan, email, password }): [string, string] => [
        `User on ${plan}`,
        `${email}  ${password}`,
      ]),
    ],
    ["Paste, to sign in, mint and chat:", "", ...curlLines(stack)],
  );
}

/** With what a person should know of their Supabase. */
function describeAttached(stack: AttachedStack, { url }: Attached, found: string[]): string {
  return describe(stack, [["in front of", url]], [
    "Give your app the address and the key above as those of Supabase: what it asks for goes on to",
    `${url}, and the function is the one of this folder.`,
    "Sign in with a user of yours: none is made here, no plan is written, and no token that is made",
    "here is worth anything at Behest itself.",
    ...found.flatMap((text) => ["", `Note: ${text}`]),
  ]);
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
  let stack: AttachedStack;
  let text: string;
  try {
    const flags = parseFlags(Deno.args);
    if (flags.help) {
      console.log(HELP);
      return 0;
    }
    const { attached } = flags;
    if (attached) {
      const found = await lookAt(attached);
      stack = await startAttached(flags, attached);
      text = describeAttached(stack, attached, found);
    } else {
      const own = stack = await startStack({ ...flags, issuer: { hook: HOOK } });
      text = describeOwn(own, own.issuer!);
    }
  } catch (error) {
    console.error((error as Error).message);
    return 1;
  }
  console.log(text);
  const broken = await Promise.race([stopSignal(), stack.broken]);
  await stack.stop();
  if (broken) console.error(broken);
  return broken ? 1 : 0;
}

Deno.exit(await main());
