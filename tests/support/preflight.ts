/** What a browser asks before it lets a page send its request. */
import assert from "node:assert/strict";
import type { Project } from "./projects.ts";
import type { Answer } from "./world.ts";

/**
 * Asks as a browser does, and expects an answer that nobody else was asked for.
 *
 * @param names what stands in `Access-Control-Request-Headers`; by default there is none
 */
export async function preflight(project: Project, origin: string, names?: string): Promise<Answer> {
  const headers: Record<string, string> = { "Access-Control-Request-Method": "POST" };
  if (names !== undefined) headers["Access-Control-Request-Headers"] = names;
  const answer = await project.ask({ method: "OPTIONS", token: null, origin, headers });
  assert.equal(answer.status, 204, origin);
  assert.deepEqual(project.upstream.calls, [], "a preflight calls nobody");
  return answer;
}
