/** A real Chromium for tests: the machine's own, since none is downloaded. */

import { type Browser, chromium } from "playwright-core";

/** Where distributions and Chrome's installers put it. */
const PATHS = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/opt/google/chrome/chrome",
  "/snap/bin/chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
  "C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe",
];

/** Keep it from calling anybody by itself. */
const FLAGS = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/**
 * Starts it without a window and with an empty profile of its own.
 * @throws {Error} that says how to install it, where there is none
 */
export function startChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: findChromium(), args: FLAGS });
}

function findChromium(): string {
  const chosen = Deno.env.get("CHROMIUM");
  const path = (chosen ? [chosen] : PATHS).find(isFile);
  if (path) return path;
  throw new Error(
    (chosen ? `CHROMIUM is ${chosen}, where there is none. ` : "No Chromium was found. ") +
      "Install it (Debian and Ubuntu: apt-get install chromium; macOS: brew install --cask " +
      "google-chrome), or set CHROMIUM to the path of Chromium or Chrome.",
  );
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
