/** What a URL says of where it leads, by its text alone. */

/** Whether nobody on the way can read what is sent there. */
export function isSafe(url: URL): boolean {
  return url.protocol === "https:" || isLoopback(url);
}

/** Whether this machine is meant. */
export function isLoopback({ hostname }: URL): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

/** Whether its host is made of what host names are made of: a URL's may hold quotes, `;` and `$`. */
export function isPlain({ hostname }: URL): boolean {
  return hostname.length <= 253 && /^([a-z0-9._-]+|\[[0-9a-f:]+\])$/.test(hostname);
}
