/** A project whose sessions Behest takes as they are, and the doctor's visit to the two. */
import { type Gateway, type GatewayOptions, startGateway } from "../../dev/gateway/gateway.ts";
import { type Bend, startBent } from "./doctor_front.ts";
import { type Issuer, startIssuer } from "./doctor_issuer.ts";
import { examine, type Examined } from "./doctor_run.ts";
import { PAGE } from "./doctor_site.ts";
import { type Claims, type Header, makeSigner, type Signer } from "./keys.ts";

/** Made once: RSA keys take longer than a test. */
export const [ES256, NEXT, RS256, EDDSA, HS256] = await Promise.all([
  makeSigner("ES256"),
  makeSigner("ES256"),
  makeSigner("RS256"),
  makeSigner("EdDSA"),
  makeSigner("HS256"),
]);

/** The claims of a session of somebody on the plan `pro`. */
export const PRO: Claims = { app_metadata: { provider: "email", plan: "pro" } };

/** What a test changes; without any all is well. */
export interface DirectSite {
  /** Who signs the session. */
  readonly signer?: Signer;
  readonly claims?: Claims;
  readonly header?: Header;
  /** Makes the token in another way; `null` gives the doctor none. */
  readonly token?: ((issuer: Issuer) => Promise<string>) | null;
  /** Prepares the Auth server. */
  readonly prepare?: (issuer: Issuer) => void | Promise<void>;
  /** A gateway of its own, which has fetched no key yet. */
  readonly gateway?: GatewayOptions;
  readonly bendGateway?: Bend;
  /** More options, or other ones: the last of two counts. */
  readonly args?: string[];
  /** What the environment says. */
  readonly settings?: (issuer: Issuer) => Record<string, string>;
  /** A project beside the issuer, which is the project itself by default. */
  readonly project?: () => Response;
}

/** What was found, and where what was sent. */
export interface DirectVisit extends Examined {
  readonly issuer: Issuer;
  /** The session token. */
  readonly token: string;
  readonly gatewayUrl: string;
  readonly sent: readonly { readonly url: string; readonly headers: Headers }[];
}

/** Both run while a file of tests does. */
let issuer: Issuer;
let gateway: Gateway;

/** Opens them before a file's tests. */
export function useDirect(): void {
  Deno.test.beforeAll(async () => {
    issuer = startIssuer();
    gateway = await startGateway(optionsOf(issuer));
  });
  Deno.test.afterAll(async () => {
    await gateway.stop();
    await issuer.stop();
  });
}

function optionsOf({ issuer, jwksUrl }: Issuer): GatewayOptions {
  return { origins: [PAGE], trustedIssuers: [{ issuer, jwksUrl }] };
}

/** Examines it with `--direct`. */
export async function visitDirect(site: DirectSite = {}): Promise<DirectVisit> {
  const { signer = ES256, claims = PRO, header, args = [] } = site;
  issuer.keys = [ES256.jwk, RS256.jwk];
  issuer.bend = issuer.session = undefined;
  const own = site.gateway && await startGateway({ ...optionsOf(issuer), ...site.gateway });
  const { url } = own ?? gateway;
  const front = site.bendGateway && startBent(url, site.bendGateway);
  const gatewayUrl = front?.url ?? url;
  const sent: { url: string; headers: Headers }[] = [];
  try {
    await site.prepare?.(issuer);
    const token = await (site.token?.(issuer) ?? issuer.sign(signer, claims, header));
    const login = site.token === null ? [] : ["--token", token];
    const where = ["--url", issuer.url, "--origin", PAGE, "--gateway", gatewayUrl];
    const examined = await examine(["--direct", ...where, ...login, ...args], {
      env: site.settings?.(issuer) ?? {},
      fetch: (input, init) => {
        const url = String(input);
        sent.push({ url, headers: new Headers(init?.headers) });
        const isProject = ![issuer.url, gatewayUrl].some((each) => url.startsWith(each));
        return site.project && isProject ? Promise.resolve(site.project()) : fetch(input, init);
      },
    });
    return { ...examined, issuer, token, gatewayUrl, sent };
  } finally {
    await front?.stop();
    await own?.stop();
  }
}
