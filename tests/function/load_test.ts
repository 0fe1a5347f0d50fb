/** The module is read by whichever the platform has: of the same bytes comes the same core. */
import assert from "node:assert/strict";

const handler = new URL("../../supabase/functions/behest-token/handler.ts", import.meta.url).href;

/** What is taken from the platform before the function is loaded. */
const WITHOUT: Record<string, string> = {
  "what it has": "",
  "node's Buffer, where it has no Uint8Array.fromBase64": "delete Uint8Array.fromBase64;",
  "atob, where it has neither": "delete Uint8Array.fromBase64; delete globalThis.process;",
};

for (const [what, taken] of Object.entries(WITHOUT)) {
  Deno.test(`the module is read by ${what}`, async () => {
    const script = `
      ${taken}
      const { createHandler } = await import(${JSON.stringify(handler)});
      const handle = createHandler({
        env: { get: () => undefined },
        fetch,
        clock: { now: () => 0, tick: () => 0, after: () => () => {} },
        log: () => {},
      });
      const answer = await handle(new Request("http://localhost/", { method: "POST" }));
      console.log(answer.status, (await answer.json()).error.code);
    `;
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--no-lock", "--ext=js", script],
    }).output();
    const decoder = new TextDecoder();
    assert.equal(decoder.decode(stdout), "500 misconfigured\n", decoder.decode(stderr));
  });
}
