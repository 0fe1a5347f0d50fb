/** Who signs the project's sessions. */
import { UsageError } from "../terminal.ts";
import { isSafe } from "./url.ts";

/** Whose tokens are sessions, and what they must say. */
export interface Issuer {
  /** Their `iss`, to the letter. */
  readonly issuer: string;
  readonly jwksUrl: string;
  /** What `aud` must hold; where it is not there, `aud` is not looked at. */
  readonly audience?: string;
  /** Clerk, Auth0 and their like, and not the project's own Auth server. */
  readonly isThirdParty: boolean;
}

/** Stands for: `aud` is not looked at. */
const ANY = "*";

/**
 * The project's own Auth server, or the third party that the function's settings name.
 *
 * @param url the project, without a slash at its end
 * @throws {UsageError}
 */
export function issuerOf(
  url: string,
  env: Readonly<Record<string, string | undefined>>,
): Issuer {
  const { JWT_JWKS_URL: jwksUrl, JWT_ISSUER: issuer, JWT_AUDIENCE } = env;
  if (!jwksUrl) {
    const own = `${url}/auth/v1`;
    return {
      issuer: own,
      jwksUrl: `${own}/.well-known/jwks.json`,
      audience: "authenticated",
      isThirdParty: false,
    };
  }
  const at = URL.canParse(jwksUrl) ? new URL(jwksUrl) : undefined;
  if (!at || !isSafe(at) || at.username !== "" || at.password !== "") {
    throw new UsageError("JWT_JWKS_URL is an https URL, as the function has it.");
  }
  if (!issuer) {
    throw new UsageError("JWT_JWKS_URL needs JWT_ISSUER beside it, as the function has it.");
  }
  const audience = JWT_AUDIENCE || "authenticated";
  return {
    issuer,
    jwksUrl: at.href,
    ...(audience === ANY ? {} : { audience }),
    isThirdParty: true,
  };
}
