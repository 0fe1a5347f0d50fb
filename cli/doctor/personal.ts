/** What a session's token says of its user. */
import { member, textOf } from "./json.ts";
import { decode } from "./jwt.ts";

/** Shorter ones would hide ordinary words; an e-mail address has no least length. */
const MIN_LENGTH = 16;

/** What a run may well tell: whose token it is, and for whom. */
const PUBLIC = ["iss", "aud", "role", "sub", "app_metadata"];

/**
 * Its long texts and its e-mail addresses. What is public is none of them, also where it stands in
 * another claim again; and no URL is: the project's own may be one.
 */
export function personalIn(token: string | undefined): string[] {
  const payload = token === undefined ? undefined : decode(token)?.payload;
  const known = PUBLIC.flatMap((name) => textsIn(member(payload, name)));
  const phone = textOf(payload, "phone") ?? "";
  const texts = textsIn(payload).filter((text) =>
    !known.includes(text) && !text.includes("://") &&
    (text.length >= MIN_LENGTH || text.includes("@"))
  );
  return phone === "" ? texts : [...texts, phone];
}

/** Every text in a value; what is nested deeper than a session ever is, is left out. */
function textsIn(value: unknown, depth = 0): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null || depth > 10) return [];
  return Object.values(value).flatMap((inner) => textsIn(inner, depth + 1));
}
