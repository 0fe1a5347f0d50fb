/** The contract's settings of plans and tiers, row by row. */
import { sessionToken, signerOf, SUB } from "./keys.ts";
import { codeOf, mark, type Setting } from "./setting.ts";
import { failing, json } from "./upstreams.ts";
import { SUPABASE_URL } from "./world.ts";

const planUrl: Setting["see"] = (_, world) => {
  const url = world.to("plan")[0]?.url ?? "";
  return url.slice(`${SUPABASE_URL}/rest/v1/`.length);
};
const metadata = { app_metadata: { plan: "max" } };
const withMetadata = { token: await sessionToken(await signerOf("ES256"), metadata) };

export const PLAN_SETTINGS: Setting[] = [
  {
    name: "BEHEST_PLAN_TABLE",
    see: planUrl,
    unset: `profiles?select=plan&id=eq.${SUB}`,
    good: [["subscriptions", `subscriptions?select=plan&id=eq.${SUB}`]],
    bad: [`${mark()}?a`, `../${mark()}`, `${mark()}/b`],
  },
  {
    name: "BEHEST_PLAN_COLUMN",
    routes: { plan: json([{ plan: "pro", product: "pro" }]) },
    see: planUrl,
    unset: `profiles?select=plan&id=eq.${SUB}`,
    good: [["product", `profiles?select=product&id=eq.${SUB}`]],
    bad: [`a,${mark()}`, `${mark()}&or=(id.gt.0)`],
  },
  {
    name: "BEHEST_PLAN_USER_COLUMN",
    see: planUrl,
    unset: `profiles?select=plan&id=eq.${SUB}`,
    good: [["user_id", `profiles?select=plan&user_id=eq.${SUB}`]],
    bad: [`id=neq.${mark()}&x`, `${mark()}.x`],
  },
  {
    name: "BEHEST_PLAN_CLAIM",
    sent: withMetadata,
    see: ({ body }, world) => [body.tier, world.to("plan").length],
    unset: [2, 1],
    good: [["app_metadata.plan", [3, 0]]],
    bad: [`user_metadata.${mark()}`, "plan", "app_metadata"],
  },
  {
    name: "BEHEST_PLAN_TIERS",
    see: ({ body }) => body.tier,
    unset: 2,
    good: [['{"pro":7}', 7], ['{"free":4}', 1]],
    bad: [`{"${mark()}"`, `["${mark()}"]`, `{"pro":"${mark()}"}`, '{"pro":1.5}', '{"a":1,"A":2}'],
  },
  {
    name: "BEHEST_TIER",
    routes: { plan: json([]) },
    see: ({ body }) => body.tier,
    unset: 1,
    good: [["0", 0], ["5", 5], ["4294967295", 4_294_967_295]],
    bad: ["-1", "1.5", "4294967296", mark()],
  },
  {
    name: "BEHEST_PLAN_ON_ERROR",
    routes: { plan: failing(500) },
    see: codeOf,
    unset: "plan_unavailable",
    good: [["fail", "plan_unavailable"], ["default", "ok"]],
    bad: [mark(), "1"],
  },
  {
    name: "BEHEST_MODEL_POLICY",
    sent: { body: '{"model":"opus"}' },
    see: codeOf,
    unset: "ok",
    good: [["{}", "ok"], ['{"opus":["pro"]}', "ok"], ['{"opus":["max"]}', "model_forbidden"]],
    bad: [`{"${mark()}"`, `["${mark()}"]`, `{"opus":"${mark()}"}`],
  },
];
