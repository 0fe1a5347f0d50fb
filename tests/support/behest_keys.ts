/** Signing keys for local minting, made at run time, in every form that `BEHEST_KEY` takes. */
import { Buffer } from "node:buffer";
import { createPrivateKey } from "node:crypto";
import { exportPKCS8, generateKeyPair } from "jose";
import type { Settings } from "./world.ts";

export interface BehestKey {
  readonly publicKey: CryptoKey;
  readonly pkcs8: string;
  readonly pkcs1: string;
}

/** A fresh RSA key. */
export async function makeBehestKey(modulusLength = 2048): Promise<BehestKey> {
  const options = { extractable: true, modulusLength };
  const { publicKey, privateKey } = await generateKeyPair("RS256", options);
  const pkcs8 = await exportPKCS8(privateKey);
  const pkcs1 = createPrivateKey(pkcs8).export({ type: "pkcs1", format: "pem" }).toString();
  return { publicKey, pkcs8, pkcs1 };
}

let kept: Promise<BehestKey> | undefined;

/** The key that most worlds sign with. */
export function behestKey(): Promise<BehestKey> {
  return kept ??= makeBehestKey();
}

/** The settings of local signing. */
export async function localSettings(over: Settings = {}): Promise<Settings> {
  return {
    BEHEST_KEY: (await behestKey()).pkcs8,
    BEHEST_KID: "kid-1",
    BEHEST_TENANT_ID: "tnt_1",
    BEHEST_PROJECT_ID: "prj_1",
    ...over,
  };
}

export function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
