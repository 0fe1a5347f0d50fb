/** What a URL says of where it leads, by its text alone. */

/** Whether nobody on the way can read what is sent there. */
export function isSafe(url: URL): boolean {
  return url.protocol === "https:" || isLoopback(url);
}

/** Whether this machine is meant. */
export function isLoopback({ hostname }: URL): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}
