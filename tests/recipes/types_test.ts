/** The package's types, and Lovable's files, in projects as strict and as lax as there are. */
import { filesOf, lovableText } from "../support/recipe_page.ts";
import { inProject, TSC } from "../support/recipe_project.ts";

/** What an app has from `supabase gen types`. */
const DATABASE = `
interface Database {
  public: {
    Tables: {
      profiles: {
        Row: { id: string; plan: string };
        Insert: { id: string; plan?: string };
        Update: { plan?: string };
        Relationships: [];
      };
    };
    Views: Record<never, never>;
    Functions: Record<never, never>;
    Enums: Record<never, never>;
    CompositeTypes: Record<never, never>;
  };
}
`;

const USES = `
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { type Behest, BehestError, type BehestToken, createBehest } from "behest-token/client";
import { createEdgeHandler } from "behest-token/edge";
import OpenAI from "openai";
${DATABASE}
export const behest: Behest = createBehest(createClient<Database>("https://a.supabase.co", "key"));
export const any = (supabase: SupabaseClient) => createBehest(supabase, { fetch });
export const typed = (supabase: SupabaseClient<Database, "public">) => createBehest(supabase);
export const openai: OpenAI = behest.openai(OpenAI);
export const other: OpenAI = behest.openai(OpenAI, { maxRetries: 0, timeout: 1000 });
export const request: typeof fetch = behest.fetch;
export const fetchToken: () => Promise<Omit<BehestToken, "baseUrl" | "tier">> = behest.fetchToken;
export const POST: (request: Request) => Promise<Response> = createEdgeHandler();
export const codeOf = (error: unknown) => error instanceof BehestError ? error.code : undefined;
// @ts-expect-error a supabase-js client is needed
createBehest({});
// @ts-expect-error no such option
behest.openai(OpenAI, { maxRetriez: 0 });
// @ts-expect-error an option of the wrong type
behest.openai(OpenAI, { maxRetries: "0" });
// @ts-expect-error no such option
createBehest(behest as never, { ttl: 60 });
`;

Deno.test("the package's types hold in the strictest project, with every Supabase client", async () => {
  // Those of this package, of supabase-js and of openai are checked, too.
  const strictest = { skipLibCheck: false, noPropertyAccessFromIndexSignature: true, types: [] };
  await inProject({ "src/uses.ts": USES }, strictest, async ({ node }) => void await node(TSC));
});

/** The app that Lovable has made by then. */
const SUPABASE = `\
import { createClient } from "@supabase/supabase-js";
${DATABASE}
export const supabase = createClient<Database>("https://a.supabase.co", "key");
`;

/** As lax as its checks are; the test above is for strict ones. */
const LAX = ["--strict", "false", "--exactOptionalPropertyTypes", "false"];

for (
  const [title, from, file] of [
    ["a package", "behest-token/client", undefined],
    ["the file that init puts there", "@/lib/behest", "src/lib/behest.ts"],
  ] as const
) {
  Deno.test(`docs/clients.md: what Lovable is asked to write holds with ${title}`, async () => {
    const copied = await Deno.readTextFile(new URL("../../pkg/client.ts", import.meta.url));
    const files = {
      ...filesOf("A React hook"),
      "src/integrations/supabase/client.ts": SUPABASE,
      "src/lib/ai.ts": `import { createBehest } from "${from}";\n${lovableText("4")}`,
      "src/behest.ts": 'export { behest } from "./lib/ai";\n',
      ...file && { [file]: copied },
    };
    await inProject(files, { types: [], paths: { "@/*": ["./src/*"] } }, async ({ node }) => {
      await node(TSC, LAX);
    });
  });
}
