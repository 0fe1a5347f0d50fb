/** The issuer as the rest of the stack has it: another process holds the private keys. */

import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from "jose";
import type { TrustedIssuer } from "../../gateway/issuers.ts";
import { CONTROL } from "./issuer.ts";
import type { Claims } from "./keys.ts";

/**
 * What Behest is told of a project whose sessions it is to trust.
 * @param supabaseUrl where the project is
 */
export function issuerOf(supabaseUrl: string): TrustedIssuer {
  const issuer = `${supabaseUrl}/auth/v1`;
  return { issuer, jwksUrl: `${issuer}/.well-known/jwks.json` };
}

/** An issuer that runs. */
export interface Issuer {
  /** What `iss` is. */
  url: string;
  jwksUrl: string;
  /** The public keys as of now. */
  readonly jwks: JSONWebKeySet;
  /** Another key signs from now on; the one before stays published. */
  rotateKey(): Promise<void>;
  /** Takes back every key but the one that signs. */
  retireKeys(): Promise<void>;
  /** A token of these claims and no other, with the key that signs; for tests. */
  sign(claims: Claims): Promise<string>;
}

/** One that is waited for. */
export class RemoteIssuer implements Issuer {
  readonly url: string;
  readonly jwksUrl: string;
  jwks: JSONWebKeySet = { keys: [] };
  #control: (what: string, body?: Claims) => Promise<unknown> = () =>
    Promise.reject(new Error("The issuer has not been opened."));

  /** @param supabaseUrl where its tokens are taken */
  constructor(supabaseUrl: string) {
    const { issuer, jwksUrl } = issuerOf(supabaseUrl);
    this.url = issuer;
    this.jwksUrl = jwksUrl;
  }

  /** @param lite where the process of Supabase Lite is */
  async open(lite: string, secretKey: string): Promise<void> {
    const answer = await fetch(`${lite}/auth/v1/.well-known/jwks.json`);
    this.jwks = await answer.json();
    this.#control = async (what, body = {}) => {
      const answer = await fetch(lite + CONTROL + what, {
        method: "POST",
        headers: { apikey: secretKey },
        body: JSON.stringify(body),
      });
      if (!answer.ok) throw new Error(`The issuer answers ${answer.status}.`);
      const { result, jwks } = await answer.json();
      this.jwks = jwks;
      return result;
    };
  }

  /** Finds the key of a token, for jose. */
  readonly find: JWTVerifyGetKey = (header, token) => createLocalJWKSet(this.jwks)(header, token);

  async rotateKey(): Promise<void> {
    await this.#control("rotate");
  }

  async retireKeys(): Promise<void> {
    await this.#control("retire");
  }

  async sign(claims: Claims): Promise<string> {
    return await this.#control("sign", claims) as string;
  }
}
