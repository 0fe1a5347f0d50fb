/** Where things are, as far as the function takes it: scheme, host and port, and nothing after. */

const LABEL = "[A-Za-z0-9_-]+";
const PORT = String.raw`(?::\d{1,5})?\/?`;

/** What `CORS_ORIGIN` is separated by. */
const SEPARATORS = /[\s,]+/;

/** https, or http on this machine: by its whole name, since `localhost.example` is another one. */
export function isBaseUrl(value: string): boolean {
  const there = String.raw`https:\/\/${LABEL}(?:\.${LABEL})*`;
  const here = String.raw`http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])`;
  return new RegExp(`^(?:${there}|${here})${PORT}$`).test(value);
}

/** The entries of a list as `CORS_ORIGIN` has it. */
export function originsIn(list: string): string[] {
  return list.split(SEPARATORS).filter((entry) => entry !== "");
}

/**
 * Whether the function takes it as a page: an origin, or one that leaves a part of its first label
 * open. At least two labels follow that one: `https://*.app` would be half of the web.
 */
export function isAllowedOrigin(value: string): boolean {
  const scheme = String.raw`[A-Za-z][A-Za-z0-9+.-]*:\/\/`;
  const exact = String.raw`(?:\[::1\]|${LABEL}(?:\.${LABEL})*)`;
  const open = String.raw`[A-Za-z0-9_-]*\*[A-Za-z0-9_-]*(?:\.${LABEL}){2,}`;
  return new RegExp(`^${scheme}(?:${exact}|${open})${PORT}$`).test(value);
}
