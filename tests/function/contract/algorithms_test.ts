/** Contract, "Verifying the session token": every algorithm under every source of keys. */
import assert from "node:assert/strict";
import { signingWith } from "../../support/answers.ts";
import { expectCode, expectKeysAsked, expectUncalled } from "../../support/expect.ts";
import {
  type Algorithm,
  ALGORITHMS,
  forge,
  makeSigner,
  payloadOf,
  random,
  sessionToken,
  type Signer,
  signerOf,
  SUB,
} from "../../support/keys.ts";
import { json } from "../../support/upstreams.ts";
import { type Settings, World } from "../../support/world.ts";

interface Source {
  readonly name: string;
  readonly settings: (signer: Signer) => Settings;
  /** What its keys may verify. */
  readonly verifies: readonly Algorithm[];
  /** Whether the Auth server publishes the key; elsewhere it would verify the token by that way. */
  readonly published?: boolean;
}

const PUBLIC: Algorithm[] = ["ES256", "RS256", "EdDSA"];
const SOURCES: Source[] = [
  {
    name: 'SUPABASE_JWKS={"keys":[…]}',
    settings: ({ jwk }) => ({ SUPABASE_JWKS: JSON.stringify({ keys: [jwk] }) }),
    verifies: [...PUBLIC, "HS256"],
  },
  {
    name: "SUPABASE_JWKS as a bare array",
    settings: ({ jwk }) => ({ SUPABASE_JWKS: JSON.stringify([jwk]) }),
    verifies: [...PUBLIC, "HS256"],
  },
  {
    name: "the fetched set",
    settings: () => ({ SUPABASE_JWKS: undefined }),
    verifies: PUBLIC,
    published: true,
  },
  {
    name: "JWT_SECRET",
    settings: ({ secret }) => ({ SUPABASE_JWKS: "[]", JWT_SECRET: secret || random(32) }),
    verifies: ["HS256"],
  },
  {
    name: "SUPABASE_JWT_SECRET",
    settings: ({ secret }) => ({
      SUPABASE_JWKS: "[]",
      SUPABASE_JWT_SECRET: secret || random(32),
    }),
    verifies: ["HS256"],
  },
];

for (const { name, settings, verifies, published } of SOURCES) {
  for (const alg of ALGORITHMS) {
    const good = verifies.includes(alg);
    Deno.test(`${name} ${good ? "verifies" : "never verifies"} ${alg}`, async () => {
      const signer = await signerOf(alg);
      // Trusting claims, so that nobody but the key can vouch for the token. A second key is in
      // the fetched set, lest a set without any be taken for a project that signs with a secret.
      const other = await makeSigner("ES256");
      const world = await World.make({ BEHEST_USER_CHECK: "claims", ...settings(signer) }, {
        jwks: json({ keys: published ? [signer.jwk, other.jwk] : [other.jwk] }),
      });
      const answer = await expectCode(
        world,
        { token: await sessionToken(signer) },
        good ? "ok" : "invalid_token",
      );
      assert.equal(world.to("mint").length, good ? 1 : 0);
      if (!good) return;
      assert.equal(payloadOf(answer.body.token).uid, SUB);
      assert.equal(world.line.alg, alg);
      const thief = { ...await makeSigner(alg), kid: signer.kid };
      await expectUncalled(world, { token: await sessionToken(thief) }, "invalid_token", "a thief");
    });
  }
}

/** A token of this key whose header says otherwise. */
async function bent(alg: Algorithm, header: Record<string, unknown>): Promise<[World, string]> {
  const signer = await signerOf(alg);
  const keys = (await Promise.all(ALGORITHMS.map(signerOf))).map(({ jwk }) => jwk);
  const world = await World.make({ SUPABASE_JWKS: JSON.stringify(keys) });
  return [world, await forge(signer, { alg, kid: signer.kid, typ: "JWT", ...header })];
}

for (const alg of ALGORITHMS) {
  const others = ["none", "HS384", "RS512", "PS256", "ES384", "ES256K", "Ed448", ...ALGORITHMS];
  for (const other of others.filter((other) => other !== alg)) {
    Deno.test(`the key decides: a token of the ${alg} key whose header says ${other} is refused`, async () => {
      const [world, token] = await bent(alg, { alg: other });
      // There may be a key of this name for that algorithm by now, where the signature has its length.
      const isOfLength = other === "RS256" ||
        [alg, other].every((name) => ["ES256", "EdDSA"].includes(name));
      const expectRefused = isOfLength ? expectKeysAsked : expectUncalled;
      await expectRefused(world, { token }, "invalid_token");
    });
  }

  Deno.test(`a ${alg} token with crit is refused`, async () => {
    const [world, token] = await bent(alg, { crit: ["exp"] });
    await expectUncalled(world, { token }, "invalid_token");
  });

  for (const member of [{ alg: "ES384" }, { use: "enc" }, { kid: "another" }]) {
    const [[name, value]] = Object.entries(member);
    Deno.test(`a ${alg} key whose ${name} is ${value} verifies no ${alg} token of ours`, async () => {
      const signer = await signerOf(alg);
      const other = await makeSigner("ES256");
      const keys = [{ ...signer.jwk, ...member }, other.jwk];
      // An Auth server that signs with another secret, and is asked where none is at hand.
      const routes = { user: signingWith(random(32)) };
      const world = await World.make({ SUPABASE_JWKS: JSON.stringify(keys) }, routes);
      const token = await sessionToken(signer);
      if (alg === "HS256" && name !== "kid") {
        await expectCode(world, { token }, "invalid_session");
        assert.deepEqual(world.calls.map(({ route }) => route), ["user"]);
      } else {
        const expectRefused = alg === "HS256" ? expectUncalled : expectKeysAsked;
        await expectRefused(world, { token }, "invalid_token");
      }
      await expectCode(world, { token: await sessionToken(other) }, "ok", "the other key serves");
    });
  }
}
