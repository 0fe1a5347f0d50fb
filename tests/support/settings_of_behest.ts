/** The contract's settings of minting, row by row. */
import { behestKey, localSettings } from "./behest_keys.ts";
import { claimsOf, mark, type Setting } from "./setting.ts";
import { type Answer, API_KEY, BASE_URL } from "./world.ts";

const LOCAL = await localSettings();
const header = ({ body }: Answer) => JSON.parse(atob(body.token.split(".")[0]));

export const BEHEST_SETTINGS: Setting[] = [
  {
    name: "BEHEST_KEY",
    around: { ...LOCAL, BEHEST_KEY: undefined },
    see: ({ code }, world) => world.line.mode ?? code,
    unset: "misconfigured",
    good: [[API_KEY, "api_key"], [(await behestKey()).pkcs8, "local"]],
    bad: [mark(), `behest_pk_${mark()}`, `behest_sk_test_${mark()}`],
  },
  {
    name: "BEHEST_BASE_URL",
    see: ({ body, code }) => body.baseUrl ?? code,
    unset: "misconfigured",
    good: [[BASE_URL, BASE_URL], ["http://127.0.0.1:9", "http://127.0.0.1:9"], [
      `${BASE_URL}/`,
      BASE_URL,
    ]],
    bad: [`http://${mark()}.example`, `https://${mark()}.example/path`, mark()],
  },
  ...([["BEHEST_KID", header, "kid"], ["BEHEST_TENANT_ID", claimsOf, "tid"], [
    "BEHEST_PROJECT_ID",
    claimsOf,
    "pid",
  ]] as const).map(([name, part, member]): Setting => ({
    name,
    around: LOCAL,
    see: (answer) => answer.code === "ok" ? part(answer)[member] : answer.code,
    unset: "misconfigured",
    good: [["of-mine", "of-mine"]],
    bad: [],
  })),
  {
    name: "BEHEST_TTL",
    around: LOCAL,
    see: (answer) => Number(claimsOf(answer).exp) - Number(claimsOf(answer).iat),
    unset: 900,
    good: [["60", 60], ["86400", 86_400]],
    bad: ["59", "86401", "-900", "900.5", "15m", mark()],
  },
  {
    name: "BEHEST_ISSUER",
    around: LOCAL,
    see: (answer) => claimsOf(answer).iss,
    unset: "https://api.behest.ai",
    good: [["https://i.example", "https://i.example"]],
    bad: [],
  },
  {
    name: "BEHEST_AUDIENCE",
    around: LOCAL,
    see: (answer) => claimsOf(answer).aud,
    unset: "behest",
    good: [["mine", "mine"]],
    bad: [],
  },
];
