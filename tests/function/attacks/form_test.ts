/** Texts that are no compact JWS, or that two readers could read in two ways. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { liveClaims, liveForgery, siege } from "../../support/attack.ts";
import { encodePart, forge, signerOf } from "../../support/keys.ts";

const ES256 = await signerOf("ES256");
const HEADER = { alg: "ES256", kid: ES256.kid, typ: "JWT" };

/** A good token and its three parts. */
async function parts(): Promise<[token: string, string, string, string]> {
  const token = await liveForgery(ES256);
  const [header = "", payload = "", signature = ""] = token.split(".");
  return [token, header, payload, signature];
}

siege("what is no compact JWS of three parts is refused", async function* () {
  const [token, header, payload, signature] = await parts();
  const e = encodePart;
  const json = { payload, signatures: [{ protected: header, signature }] };
  const forms: Record<string, string> = {
    "one part": header,
    "two parts": `${header}.${payload}`,
    "four parts": `${token}.${signature}`,
    "four parts, the last one empty": `${token}.`,
    "a dot before": `.${token}`,
    "JWE of five parts": [e({ alg: "dir", enc: "A256GCM" }), "", e("iv"), payload, e("tag")].join(
      ".",
    ),
    "JWE with a good JWS for its text": [e({ alg: "dir" }), "", "", e(token), ""].join("."),
    "JWE whose header says ES256": [header, "", "", payload, signature].join("."),
    "detached": `${header}..${signature}`,
    "no header": `.${payload}.${signature}`,
    "no signature": `${header}.${payload}.`,
    "dots alone": "..",
    "one dot": ".",
    "a JWS in a JWS": `${header}.${e(token)}.${signature}`,
    "JSON, flattened": JSON.stringify({ protected: header, payload, signature }),
    "JSON, general": JSON.stringify(json),
    "JSON, general, in base64url": e(json),
    "JSON with the token as its only member": JSON.stringify({ token }),
    "the token in quotes": `"${token}"`,
    "the token and a comma": `${token},`,
    "two tokens with a comma": `${token},${token}`,
    "two tokens with a comma and a space": `${token}, ${token}`,
    "two tokens with a space": `${token} ${token}`,
    "the token and parameters": `${token};x=1`,
    "a second scheme": `Bearer ${token}`,
    "the token in base64url": e(token),
    "the token percent-encoded": token.replaceAll(".", "%2E"),
    "a token with SD-JWT disclosures": `${token}~${e(["salt", "sub", "admin"])}~`,
    "a header alone, a thousand times": `${header}.`.repeat(10),
    "dots without end": ".".repeat(15_000),
  };
  for (const [what, form] of Object.entries(forms)) yield [what, form];
});

/** CVE-2024-54150 and kin: base64 that two decoders read alike, or not. */
siege("base64url is read strictly: one text for the same bytes, and no other", async function* () {
  const [token, header, payload, signature] = await parts();
  const whole = [header, payload, signature];
  for (const [at, name] of ["header", "payload", "signature"].entries()) {
    const part = whole[at] ?? "";
    const turned: Record<string, string> = {
      "padded by =": `${part}=`,
      "padded by ==": `${part}==`,
      "padded by ====": `${part}====`,
      "with = before": `=${part}`,
      "with = within": `${part.slice(0, 8)}=${part.slice(8)}`,
      "with a space behind": `${part} `,
      "with a space within": `${part.slice(0, 8)} ${part.slice(8)}`,
      "with a tab within": `${part.slice(0, 8)}\t${part.slice(8)}`,
      "with a character that is none": `${part.slice(0, 8)}!${part.slice(8)}`,
      "percent-encoded": `%${part.charCodeAt(0).toString(16)}${part.slice(1)}`,
      "with a character too few": part.slice(0, -1),
      "with a character too many": `${part}A`,
      "with its first character left out": part.slice(1),
      "with a byte beyond ASCII": `${part}\u00e9`,
      "with a lookalike": part.replace(/[aeopcyx]/, "\u00aa"),
    };
    for (const [what, text] of Object.entries(turned)) {
      const sent = whole.with(at, text).join(".");
      // The HTTP server takes white space off the end of a header.
      if (sent.trim() !== token) yield [`the ${name} ${what}`, sent];
    }
  }
  const plain = await findToken(/[-_]/);
  yield ["the alphabet of plain base64", plain.replaceAll("-", "+").replaceAll("_", "/")];
});

/** A good token whose signature has such a character. */
async function findToken(wanted: RegExp): Promise<string> {
  for (let tries = 0; tries < 100; tries++) {
    // Deno signs the same text the same way every time: each try needs another one.
    const token = await liveForgery(ES256, {}, liveClaims({ tries }));
    if (wanted.test(token.split(".")[2] ?? "")) return token;
  }
  throw new Error("no such token");
}

siege(
  "spare bits at the end of a part are zero: the same bytes in another text are refused",
  async function* () {
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (let filler = 0; filler < 3; filler++) {
      // Of a good token, only those parts whose length leaves spare bits.
      const text = JSON.stringify({ ...HEADER, f: "x".repeat(filler) });
      const token = await forge(ES256, text, liveClaims({ f: "x".repeat(filler) }));
      const whole = token.split(".");
      for (const [at, part] of whole.entries()) {
        const spare = [0, 0, 4, 2][part.length % 4] ?? 0;
        const last = alphabet.indexOf(part.at(-1) ?? "");
        for (let bits = 1; bits < 1 << spare; bits++) {
          const other = part.slice(0, -1) + alphabet[last | bits];
          assert.deepEqual(Buffer.from(other, "base64url"), Buffer.from(part, "base64url"));
          yield [`part ${at} of ${part.length % 4} over, ${bits}`, whole.with(at, other).join(".")];
        }
      }
    }
  },
);

siege(
  "a name that stands twice is refused, in header and payload, escaped or not",
  async function* () {
    const claims = JSON.stringify(liveClaims());
    const header = JSON.stringify(HEADER);
    const heads: Record<string, string> = {
      "alg": '{"alg":"none",',
      "alg, escaped": '{"\\u0061lg":"none",',
      "kid": '{"kid":"x",',
      "kid, escaped in upper case": '{"\\u006Bid":"x",',
      "typ, the same twice": '{"typ":"JWT",',
      "a name that nobody knows": '{"x":1,"x":1,',
      "a name deep within": '{"x":{"y":[{"z":1,"z":2}]},',
    };
    for (const [what, start] of Object.entries(heads)) {
      yield [`header: ${what}, first`, await forge(ES256, header.replace("{", start), claims)];
      const end = `,${start.slice(1, -1)}}`;
      yield [`header: ${what}, last`, await forge(ES256, header.slice(0, -1) + end, claims)];
    }
    for (const name of ["sub", "exp", "aud", "role", "iss", "app_metadata", "is_anonymous"]) {
      const escaped = `\\u00${name.charCodeAt(0).toString(16)}${name.slice(1)}`;
      for (const text of [name, escaped]) {
        for (const value of ['"admin"', "9999999999", "null"]) {
          const twice = claims.replace("{", `{"${text}":${value},`);
          yield [`payload: ${text} of ${value}`, await forge(ES256, HEADER, twice)];
        }
      }
    }
  },
);
