/**
 * What the demo page may ask of the stack, to show what the client does about it: another mode of
 * the function, none at all, a token that the gateway has revoked. It is the stack's alone; the
 * function and the gateway know nothing of these paths.
 */

import type { EdgeState } from "./edge.ts";
import type { Page } from "./front.ts";

/** What can be asked for. */
export interface Controls {
  state(): EdgeState;
  setState(state: EdgeState): Promise<void>;
  /** @param jti of the token that the gateway is to refuse from now on */
  revoke(jti: string): void;
  /** Writes a user's plan as billing does; nothing where Supabase is not the stack's own. */
  setPlan?: ((id: string, plan: string) => Promise<void>) | undefined;
}

const STATES: string[] = ["api-key", "local", "down"] satisfies EdgeState[];

/**
 * `GET` and `POST /dev/function` with `{state}`, `POST /dev/revocations` with `{jti}`, and
 * `POST /dev/plan` with `{id, plan}`.
 *
 * @param origins the page's own: any other page that one has open could call the loopback, too
 */
export function makeControl(controls: Controls, origins: string[]): Page {
  const state = () => Response.json({ state: controls.state() });
  const routes: Record<string, (body: Record<string, unknown>) => Promise<Response> | Response> = {
    "GET /dev/function": state,
    "POST /dev/function": async ({ state: wanted }) => {
      if (!STATES.includes(wanted as string)) return refuse(400, `state is ${STATES.join(", ")}`);
      await controls.setState(wanted as EdgeState);
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
