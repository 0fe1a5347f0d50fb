/** The keys of the issuer, as hosted Auth has them: one that signs, and all that are published. */

import {
  compactVerify,
  createLocalJWKSet,
  exportJWK,
  generateKeyPair,
  type JSONWebKeySet,
  type JWK,
  SignJWT,
} from "jose";

const ALG = "ES256";

/** What a token says, in the order in which it says it. */
export type Claims = Record<string, unknown>;

interface Pair {
  privateKey: CryptoKey;
  jwk: JWK;
}

/** Nothing of it is written anywhere: another start, other keys. */
export class SigningKeys {
  #current: Pair;
  #published: JWK[];

  static async make(): Promise<SigningKeys> {
    return new SigningKeys(await makePair());
  }

  private constructor(first: Pair) {
    this.#current = first;
    this.#published = [first.jwk];
  }

  /** What `/.well-known/jwks.json` shows. */
  get jwks(): JSONWebKeySet {
    return { keys: this.#published };
  }

  /** From now on another key signs; the one before stays published, for the sessions under way. */
  async rotate(): Promise<void> {
    this.#current = await makePair();
    this.#published = [this.#current.jwk, ...this.#published];
  }

  /** Takes back every key but the one that signs, and with it all that they have signed. */
  retire(): void {
    this.#published = [this.#current.jwk];
  }

  sign(claims: Claims): Promise<string> {
    const { privateKey, jwk: { kid } } = this.#current;
    return new SignJWT(claims).setProtectedHeader({ alg: ALG, kid, typ: "JWT" }).sign(privateKey);
  }

  /** @returns the claims, also of a token that has expired; nothing, where no key signed it */
  async verify(token: string): Promise<Claims | undefined> {
    try {
      const options = { algorithms: [ALG] };
      const { payload } = await compactVerify(token, createLocalJWKSet(this.jwks), options);
      return JSON.parse(new TextDecoder().decode(payload));
    } catch {
      return undefined;
    }
  }
}

async function makePair(): Promise<Pair> {
  const { privateKey, publicKey } = await generateKeyPair(ALG);
  const kid = crypto.randomUUID();
  const jwk = { ...await exportJWK(publicKey), alg: ALG, kid, use: "sig", key_ops: ["verify"] };
  return { privateKey, jwk };
}
