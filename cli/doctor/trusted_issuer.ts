/** What Behest is told of a project whose sessions it is to take. */
import type { DoctorOptions } from "./options.ts";
import type { Secrets } from "./secrets.ts";

/** Where Behest asks for it. */
const PLACE = "Behest dashboard > Project > Auth > Add trusted issuer";

/** The form, filled in. */
export interface TrustedIssuer {
  readonly place: string;
  readonly issuer: string;
  readonly jwksUrl: string;
  /** Where it is not there, the field is left empty. */
  readonly audience?: string;
  /** What Behest calls it, to the claim that it is read from. */
  readonly claims: { readonly uid: string; readonly tier: string };
}

/** By what the user has named alone: nothing here is a server's word. */
export function trustedIssuerOf(options: DoctorOptions, secrets: Secrets): TrustedIssuer {
  const { issuer, jwksUrl, audience } = options.issuer;
  return {
    place: PLACE,
    issuer: secrets.clean(issuer),
    jwksUrl: secrets.clean(jwksUrl),
    ...(audience === undefined ? {} : { audience: secrets.clean(audience) }),
    claims: { uid: "sub", tier: "app_metadata.plan" },
  };
}

/** The form for people. */
export function toForm({ place, issuer, jwksUrl, audience, claims }: TrustedIssuer): string {
  return [
    `${place}:`,
    `  issuer    ${issuer}`,
    `  JWKS URL  ${jwksUrl}`,
    `  audience  ${audience ?? "(leave it empty)"}`,
    `  claims    ${claims.uid} → uid`,
    `            ${claims.tier} → tier`,
  ].join("\n");
}
