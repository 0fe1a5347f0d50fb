/** The entry point of the page: what happens when one clicks. */

import { makeClient, type Mint } from "./client.ts";
import { toFault } from "./fault.ts";
import type { PageSettings } from "./settings.ts";
import {
  addMessage,
  announce,
  find,
  formatLeft,
  formatMs,
  make,
  makeStep,
  shorten,
  showFacts,
  showTimings,
} from "./view.ts";

/** The value of the choice that signs up. */
const NEW_USER = "new";

const settings: PageSettings = JSON.parse(find("settings").textContent!);
const client = makeClient(settings);
const steps = {
  signIn: makeStep("step-sign-in", toFault),
  mint: makeStep("step-mint", toFault),
  claims: makeStep("step-claims", toFault),
  chat: makeStep("step-chat", toFault),
};
const chatFields = find<HTMLFieldSetElement>("chat-fields");
const promptInput = find<HTMLInputElement>("prompt");
const signOutButton = find<HTMLButtonElement>("sign-out");
const mintButton = find<HTMLButtonElement>("mint");
let busy = false;
let countdown: ReturnType<typeof setInterval> | undefined;

function showChoices(): void {
  const choices = [
    ...settings.users.map(({ plan, email }) => [plan, plan, email]),
    [NEW_USER, "New user", "signs up now"],
  ];
  find("choices").append(...choices.map(([value, name, detail], index) => {
    const label = make("label");
    const radio = document.createElement("input");
    Object.assign(radio, { type: "radio", name: "user", value, checked: index === 1 });
    label.append(radio, make("strong", name), make("small", detail));
    return label;
  }));
}

async function signIn(choice: string): Promise<void> {
  forgetUser();
  showFacts("session", []);
  const user = settings.users.find(({ plan }) => plan === choice);
  const done = await steps.signIn.run(() =>
    user ? client.signIn(user) : client.signUp({
      email: `${crypto.randomUUID().slice(0, 8)}@example.com`,
      password: crypto.randomUUID(),
    })
  );
  mintButton.disabled = signOutButton.disabled = !done;
  if (!done) return;
  const { user: { id, email }, access_token } = done.value;
  showFacts("session", [
    ["User", email!],
    ["Id", make("code", id)],
    ["Session token", make("code", shorten(access_token))],
  ]);
  await mint();
}

async function signOut(): Promise<void> {
  const done = await steps.signIn.run(() => client.signOut());
  if (!done) return;
  forgetUser();
  steps.signIn.reset();
  signOutButton.disabled = true;
  showFacts("session", [["Signed out", "Mint again to see that the old session gets nothing."]]);
  announce("Signed out");
}

/** Another user begins where the first one did. */
function forgetUser(): void {
  forgetToken();
  steps.mint.reset();
  find("messages").replaceChildren();
}

/** Whatever a token had led to goes with it. */
function forgetToken(): void {
  clearInterval(countdown);
  chatFields.disabled = true;
  for (const step of [steps.claims, steps.chat]) step.reset();
  for (const id of ["minted", "claims"]) showFacts(id, []);
  for (const id of ["timings", "first-word"]) find(id).replaceChildren();
}

async function mint(): Promise<void> {
  const done = await steps.mint.run(() => client.mint());
  if (!done) return forgetToken();
  const { token, timing } = done.value;
  showTimings("timings", timing, done.ms);
  showFacts("minted", [
    ["Behest token", make("code", shorten(token.token))],
  ]);
  await steps.claims.run(() => showClaims(done.value));
  chatFields.disabled = false;
}

// deno-lint-ignore require-await -- a token that cannot be read is a rejection
async function showClaims({ token }: Mint): Promise<void> {
  const claims = decode(token.token);
  const left = make("span", "", "left");
  const tick = () => {
    const seconds = claims.exp - Date.now() / 1000;
    left.textContent = seconds > 0 ? `in ${formatLeft(seconds)}` : "over";
    left.style.setProperty("--share", String(Math.max(0, seconds / token.ttl)));
  };
  clearInterval(countdown);
  countdown = setInterval(tick, 1000);
  tick();
  showFacts("claims", [
    ["uid", make("code", claims.uid)],
    ["tier", make("span", String(claims.tier), "tier")],
    ["exp", left],
    ["sid", make("code", claims.sid)],
    ["role", make("code", claims.role)],
    ["iss", make("code", claims.iss)],
  ]);
}

/** Read, not verified: that is the gateway's work. */
function decode(
  token: string,
): { uid: string; tier: number; exp: number; sid: string; role: string; iss: string } {
  const payload = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  const bytes = Uint8Array.from(atob(payload), (letter) => letter.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}

async function chat(prompt: string): Promise<void> {
  if (!client.hasToken()) await mint();
  if (!client.hasToken()) return;
  chatFields.disabled = true;
  addMessage("You").textContent = prompt;
  promptInput.value = "";
  const answer = addMessage("Gateway");
  const begin = performance.now();
  const done = await steps.chat.run(async () => {
    let first: number | undefined;
    for await (const piece of client.ask(prompt)) {
      if (piece !== "") first ??= performance.now() - begin;
      answer.textContent += piece;
    }
    return first ?? 0;
  });
  if (done) find("first-word").textContent = `First word after ${formatMs(done.value)}`;
  else answer.parentElement!.remove();
  chatFields.disabled = false;
  promptInput.focus();
}

/** One thing at a time: what is clicked meanwhile counts for nothing. */
async function alone(work: () => Promise<void>): Promise<void> {
  if (busy) return;
  busy = true;
  await work();
  busy = false;
}

showChoices();
find("page-origin").textContent = location.origin;
find("supabase-origin").textContent = settings.url;
find("gateway-origin").textContent = settings.gatewayUrl;
find("who").addEventListener("submit", (event) => {
  event.preventDefault();
  const choice = new FormData(event.target as HTMLFormElement).get("user") as string;
  alone(() => signIn(choice));
});
signOutButton.addEventListener("click", () => alone(signOut));
mintButton.addEventListener("click", () => alone(mint));
find("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  alone(() => chat(promptInput.value));
});
