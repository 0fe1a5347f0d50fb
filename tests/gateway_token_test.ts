/** Which tokens the double of the Behest gateway takes, and which it does not. */

import assert from "node:assert/strict";
import {
  CompactSign,
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  importPKCS8,
  jwtVerify,
  SignJWT,
} from "jose";
import { makeCredentials } from "../dev/gateway/credentials.ts";
import {
  chat,
  gatewayTest,
  goodClaims,
  mintToken,
  refused,
  served,
  signLocally,
} from "./gateway_calls.ts";

gatewayTest(
  "its JWKS verifies its own tokens and the tenant's",
  async (gateway) => {
    const jwks = await (await fetch(`${gateway.url}/.well-known/jwks.json`))
      .json();
    const own = await mintToken(gateway);
    for (const token of [own, await signLocally(gateway.credentials)]) {
      await jwtVerify(token, createLocalJWKSet(jwks), {
        algorithms: ["RS256"],
      });
    }
    assert.deepEqual(
      jwks.keys.map((key: { kid: string }) => key.kid),
      [decodeProtectedHeader(own).kid, gateway.credentials.kid],
    );
    assert.ok(jwks.keys.every((key: object) => !("d" in key)));
  },
);

gatewayTest(
  "a locally signed token of the registered key is accepted",
  async (gateway) => {
    await served(chat(gateway, await signLocally(gateway.credentials)));
  },
);

gatewayTest(
  "a token with a claim that is not right is refused as invalid_token",
  async (gateway, test) => {
    const now = Math.floor(Date.now() / 1000);
    const cases: [string, Record<string, unknown>][] = [
      ["another issuer", { iss: "https://evil.example" }],
      ["another audience", { aud: "other" }],
      ["an exp that has passed", { exp: now - 1 }],
      ["an nbf in the future", { nbf: now + 60 }],
      ["an iat in the future", { iat: now + 60 }],
      ["no exp", { exp: undefined }],
      ["no nbf", { nbf: undefined }],
      ["no iat", { iat: undefined }],
      ["no uid", { uid: undefined }],
      ["an empty uid", { uid: "" }],
      ["a plan's name as tier", { tier: "pro" }],
    ];
    for (const [what, claims] of cases) {
      await test.step(what, async () => {
        const token = await signLocally(gateway.credentials, claims);
        await refused(await chat(gateway, token), 401, "invalid_token");
      });
    }
  },
);

gatewayTest("a token whose exp is no finite number is refused", async (gateway) => {
  const { credentials } = gateway;
  const pem = atob(credentials.signingKey.slice("behest_pk_".length));
  const signed = async (claims: string) => {
    const header = { alg: "RS256", kid: credentials.kid };
    return await new CompactSign(new TextEncoder().encode(claims)).setProtectedHeader(header)
      .sign(await importPKCS8(pem, "RS256"));
  };
  const claims = JSON.stringify(goodClaims(credentials));
  await served(chat(gateway, await signed(claims)));
  const endless = claims.replace(/"exp":\d+/, '"exp":1e400');
  assert.equal(JSON.parse(endless).exp, Infinity);
  await refused(await chat(gateway, await signed(endless)), 401, "invalid_token");
});

gatewayTest("a token of another project is forbidden", async (gateway) => {
  const token = await signLocally(gateway.credentials, {
    pid: crypto.randomUUID(),
  });
  await refused(await chat(gateway, token), 403, "forbidden");
});

gatewayTest(
  "a token is refused when its kid is missing or unknown",
  async (gateway) => {
    for (const kid of [undefined, "sk_unknown"]) {
      const token = await signLocally(gateway.credentials, {}, { kid });
      await refused(await chat(gateway, token), 401, "invalid_token");
    }
  },
);

gatewayTest(
  "another key under the registered kid is refused",
  async (gateway) => {
    const { signingKey } = await makeCredentials();
    const token = await signLocally({ ...gateway.credentials, signingKey });
    await refused(await chat(gateway, token), 401, "invalid_token");
  },
);

gatewayTest("alg none is refused", async (gateway) => {
  const part = (value: unknown) => btoa(JSON.stringify(value)).replace(/=+$/, "");
  const header = part({
    alg: "none",
    typ: "JWT",
    kid: gateway.credentials.kid,
  });
  const token = `${header}.${part(goodClaims(gateway.credentials))}.`;
  await refused(await chat(gateway, token), 401, "invalid_token");
});

gatewayTest(
  "HS256 with the public key as the secret is refused",
  async (gateway) => {
    const secret = new TextEncoder().encode(
      JSON.stringify(gateway.credentials.publicJwk),
    );
    const token = await new SignJWT(goodClaims(gateway.credentials))
      .setProtectedHeader({
        alg: "HS256",
        typ: "JWT",
        kid: gateway.credentials.kid,
      })
      .sign(secret);
    await refused(await chat(gateway, token), 401, "invalid_token");
  },
);

gatewayTest("an API key is no token for a chat", async (gateway) => {
  await refused(
    await chat(gateway, gateway.credentials.apiKey),
    401,
    "invalid_token",
  );
});

gatewayTest(
  "a token that was revoked is refused, whoever signed it, and the next one is taken",
  async (gateway) => {
    for (
      const make of [() => mintToken(gateway), () => signLocally(gateway.credentials)]
    ) {
      const [first, second] = [await make(), await make()];
      await served(chat(gateway, first));
      gateway.revoke(decodeJwt(first).jti!);
      await refused(await chat(gateway, first), 401, "invalid_token");
      await served(chat(gateway, second));
    }
  },
);
