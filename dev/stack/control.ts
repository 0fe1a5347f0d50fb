/**
 * What the demo page may ask of the stack, to show what the client does about it: another mode or
 * way of the function, none at all, a token that the gateway has revoked. It is the stack's alone; the
 * function and the gateway know nothing of these paths.
 */

import type { EdgeState } from "./edge.ts";
import type { Page } from "./front.ts";

/** What can be asked for. */
export interface Controls {
  state(): EdgeState;
  /** What is not named stays. */
  setState(wanted: Partial<EdgeState>): Promise<void>;
  /** @param jti of the token that the gateway is to refuse from now on */
  revoke(jti: string): void;
  /** Writes a user's plan as billing does; nothing where Supabase is not the stack's own. */
  setPlan?: ((id: string, plan: string) => Promise<void>) | undefined;
}

/** What each may be. */
const CHOICES: [name: keyof EdgeState, values: unknown[]][] = [
  ["state", ["api-key", "local", "down"] satisfies EdgeState["state"][]],
  ["way", ["checked", "claims"] satisfies EdgeState["way"][]],
];

/**
 * `GET /dev/function` with `{state, way}`, and `POST` with either or both of them;
 * `POST /dev/revocations` with `{jti}`, and `POST /dev/plan` with `{id, plan}`.
 *
 * @param origins the page's own: any other page that one has open could call the loopback, too
 */
export function makeControl(controls: Controls, origins: string[]): Page {
  const state = () => Response.json(controls.state());
  const routes: Record<string, (body: Record<string, unknown>) => Promise<Response> | Response> = {
    "GET /dev/function": state,
    "POST /dev/function": async (body) => {
      const asked = CHOICES.filter(([name]) => body[name] !== undefined);
      if (asked.length === 0 || !asked.every(([name, values]) => values.includes(body[name]))) {
        const choices = CHOICES.map(([name, values]) => `${name} is ${values.join(", ")}`);
        return refuse(400, choices.join("; "));
      }
      await controls.setState(Object.fromEntries(asked.map(([name]) => [name, body[name]])));
      return state();
    },
    "POST /dev/revocations": ({ jti }) => {
      if (typeof jti !== "string" || jti === "") return refuse(400, "jti is that of a token");
      controls.revoke(jti);
      return new Response(null, { status: 204 });
    },
    "POST /dev/plan": async ({ id, plan }) => {
      if (!controls.setPlan) return refuse(404, "this Supabase is not the stack's own");
      if (typeof id !== "string" || typeof plan !== "string") return refuse(400, "id and plan");
      try {
        await controls.setPlan(id, plan);
      } catch (error) {
        return refuse(502, (error as Error).message);
      }
      return new Response(null, { status: 204 });
    },
  };
  return async (request) => {
    const { method, headers, url } = request;
    const route = routes[`${method} ${new URL(url).pathname}`];
    if (!route) return undefined;
    if (method === "GET") return route({});
    // Browsers always say where a POST comes from, and no page can write it.
    if (!origins.includes(headers.get("origin") ?? "")) return refuse(403, "only the demo page");
    return route(Object(await request.json().catch(() => undefined)));
  };
}

function refuse(status: number, message: string): Response {
  return Response.json({ message }, { status });
}
