/** The real stack, and the ways to break one part of what stands before the doctor. */
import type { Credentials } from "../../dev/gateway/credentials.ts";
import { startGateway } from "../../dev/gateway/gateway.ts";
import { startFunction } from "../../dev/stack/edge.ts";
import type { Stack } from "../../dev/stack/stack.ts";
import type { DoctorWorld } from "../../cli/doctor.ts";
import { type Bend, startBent } from "./doctor_front.ts";
import { examine, type Examined } from "./doctor_run.ts";

/** An origin that the stack allows. */
export const PAGE = "http://localhost:3000";

const FUNCTION = "/functions/v1/behest-token";

/** Parts of a site that are not the stack's. */
export interface Site {
  /** Before everything of Supabase. */
  readonly bend?: Bend;
  /** Before the gateway. */
  readonly bendGateway?: Bend;
  /** Settings of a function of its own; one that is `undefined` is not there. */
  readonly settings?: Record<string, string | undefined>;
}

/** What to run the doctor with. */
export interface Visit {
  /** More options, or other ones: the last of two counts. */
  readonly args?: string[];
  readonly world?: Partial<DoctorWorld>;
}

/** The options of a visit that signs in. */
export function optionsOf(stack: Stack, url = stack.url): string[] {
  const { email, password } = stack.users[1];
  const key = stack.publishableKey;
  const login = ["--email", email, "--password", password, "--publishable-key", key];
  return ["--url", url, "--origin", PAGE, ...login];
}

/** Examines a site, signed in as the user on the plan `pro`. */
export async function visit(
  stack: Stack,
  site: Site = {},
  { args = [], world = {} }: Visit = {},
): Promise<Examined> {
  return await atSite(stack, site, (url) => examine([...optionsOf(stack, url), ...args], world));
}

/** Does something at a site, and leaves nothing open. */
export async function atSite<T>(
  stack: Stack,
  { bend, bendGateway, settings }: Site,
  work: (url: string) => Promise<T>,
): Promise<T> {
  const open: { stop(): Promise<void> }[] = [];
  try {
    const edge = settings && await startFunction(
      Deno.execPath(),
      settingsOf(stack, settings),
      () => {},
    );
    if (edge) open.push(edge);
    const gateway = bendGateway && startBent(stack.gatewayUrl, bendGateway);
    if (gateway) open.push(gateway);
    const front = startBent(stack.url, async (request, pass) => {
      const answer = bend ? await bend(request, pass) : await pass();
      return gateway ? await moved(answer, request, gateway.url) : answer;
    });
    open.push(front);
    if (!edge) return await work(front.url);
    const branch = startBent(front.url, (request, pass) => {
      const { pathname } = new URL(request.url);
      return pathname === FUNCTION ? sendTo(edge.url, request) : pass();
    });
    open.push(branch);
    return await work(branch.url);
  } finally {
    for (const part of open.reverse()) await part.stop();
  }
}

/** What the stack gives its function, and what a test changes. */
function settingsOf(
  stack: Stack,
  over: Record<string, string | undefined>,
): Record<string, string> {
  const settings = {
    SUPABASE_URL: stack.url,
    SUPABASE_PUBLISHABLE_KEY: stack.publishableKey,
    JWT_SECRET: stack.jwtSecret,
    BEHEST_BASE_URL: stack.gatewayUrl,
    BEHEST_KEY: stack.credentials.apiKey,
    CORS_ORIGIN: PAGE,
    ...over,
  };
  const given = Object.entries(settings).filter((pair): pair is [string, string] =>
    pair[1] !== undefined
  );
  return Object.fromEntries(given);
}

/** The settings of local signing. */
export function signing({ credentials }: Stack): Record<string, string> {
  return {
    BEHEST_KEY: credentials.signingKey,
    BEHEST_KID: credentials.kid,
    BEHEST_TENANT_ID: credentials.tenantId,
    BEHEST_PROJECT_ID: credentials.projectId,
  };
}

async function sendTo(url: string, request: Request): Promise<Response> {
  const headers = new Headers(request.headers);
  for (const name of ["host", "connection", "content-length"]) headers.delete(name);
  const body = request.body === null ? undefined : await request.arrayBuffer();
  return await fetch(url + FUNCTION, { method: request.method, headers, body });
}

/** A mint's answer that names another gateway. */
async function moved(answer: Response, request: Request, baseUrl: string): Promise<Response> {
  if (request.method !== "POST" || new URL(request.url).pathname !== FUNCTION) return answer;
  if (answer.status !== 200) return answer;
  return Response.json({ ...await answer.json(), baseUrl }, { headers: answer.headers });
}

/** A gateway of the same project that allows no page. */
export function gatewayWithoutPages(credentials: Credentials) {
  return startGateway({ credentials, origins: [] });
}

/** Bends the function alone. */
export function bendFunction(bend: Bend): Bend {
  return (request, pass) =>
    new URL(request.url).pathname === FUNCTION ? bend(request, pass) : pass();
}
