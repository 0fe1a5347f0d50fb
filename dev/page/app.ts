/** The entry point of the page: what happens when one clicks. */

import type { Session } from "@supabase/supabase-js";
import { makeChat } from "./chat.ts";
import { makeClient } from "./client.ts";
import { toFault } from "./fault.ts";
import { makeLog } from "./log.ts";
import { makePlanSwitch } from "./plan.ts";
import type { PageSettings } from "./settings.ts";
import { makeShownToken } from "./shown.ts";
import { makeTrials } from "./trials.ts";
import {
  announce,
  disableDuring,
  find,
  formatMs,
  make,
  makeStep,
  shorten,
  showFacts,
  showTimings,
} from "./view.ts";
import { type Call, watchFetch } from "./watch.ts";
import { makeWays } from "./ways.ts";

/** The value of the choice that signs up. */
const NEW_USER = "new";

const settings: PageSettings = JSON.parse(find("settings").textContent!);
const log = makeLog();
const client = makeClient(settings, watchFetch(tell));
const steps = {
  signIn: makeStep("step-sign-in", toFault),
  mint: makeStep("step-mint", toFault),
  claims: makeStep("step-claims", toFault),
  chat: makeStep("step-chat", toFault),
  trials: makeStep("trials", toFault),
  ways: makeStep("ways", toFault),
};
const chat = makeChat(steps.chat, client.ask);
const planSwitch = makePlanSwitch({
  step: steps.trials,
  log,
  plans: settings.plans,
  userId: () => shown.claims?.uid,
});
const shown = makeShownToken(steps.claims, settings.plans, planSwitch);
const ways = makeWays({
  step: steps.ways,
  log,
  ways: settings.ways,
  go: client.go,
  renew() {
    client.behest.newSession();
    return client.behest.getToken();
  },
  switched: () => {
    lastMint = undefined;
    shown.forget();
    // Without a function there is nothing to see but the session's own token.
    if (email) mint(() => ways.way !== "direct" && client.behest.invalidate());
  },
});
const signInButton = find<HTMLButtonElement>("sign-in");
const signOutButton = find<HTMLButtonElement>("sign-out");
let email: string | undefined;
let lastMint: Call | undefined;

function showChoices(): void {
  // A Supabase that the stack did not bring has users of its own, and none is made there.
  const own = settings.users.length === 0;
  find("choices").hidden = own;
  find("login").hidden = !own;
  find("other-user").hidden = own;
  if (own) return;
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

/** Who is signed in is whom the choice shows, whichever tab that was done in. */
function showChoice(): void {
  if (settings.users.length === 0) return;
  const value = settings.users.find((user) => user.email === email)?.plan ?? NEW_USER;
  choiceOf(value).checked = true;
}

function choiceOf(value: string): HTMLInputElement {
  return find("choices").querySelector(`[value="${CSS.escape(value)}"]`)!;
}

/** What follows from it comes by `follow`, whichever tab it was done in. */
async function changeUser(change: () => Promise<void>): Promise<void> {
  await disableDuring([signInButton, signOutButton], async () => {
    await steps.signIn.run(change);
  });
  signOutButton.disabled = email === undefined;
}

function signIn(choice: string): Promise<void> {
  const user = settings.users.find(({ plan }) => plan === choice);
  return changeUser(() =>
    user ? client.signIn(user) : client.signUp({
      email: `${crypto.randomUUID().slice(0, 8)}@example.com`,
      password: crypto.randomUUID(),
    })
  );
}

/** Another user begins where the first one did. */
function follow(session: Session | null): void {
  shown.forget();
  steps.mint.reset();
  chat.begin(session !== null);
  ways.open(session !== null);
  const known = email;
  email = session?.user.email;
  signOutButton.disabled = !session;
  if (!session) {
    // Nobody had been there: a sign-in may be under way.
    if (known) steps.signIn.reset();
    showFacts(
      "session",
      known ? [["Signed out", "Ask again: without a user there is no token."]] : [],
    );
    if (known) log.add("user", `${known} has signed out`);
    announce(known ? "Signed out" : "");
    return;
  }
  showChoice();
  showFacts("session", [
    ["User", email!],
    ["Id", make("code", session.user.id)],
    ["Session token", make("code", shorten(session.access_token))],
  ]);
  steps.signIn.mark("signed in");
  log.add("user", `${email} is signed in`);
  mint();
}

/** @param before what makes the token at hand worthless, if anything does */
async function mint(before?: () => unknown): Promise<void> {
  before?.();
  const done = await steps.mint.run(() => client.behest.getToken(), shown.forget);
  if (!done) return;
  if (lastMint) showTimings("timings", lastMint.timing, done.ms);
  await shown.show(done.value, ways.way);
}

/** Every request of the page, as far as it is about tokens. */
function tell(call: Call): void {
  const result = call.givenUp
    ? `given up after ${formatMs(call.ms)}`
    : `${call.status ?? "no answer"} in ${formatMs(call.ms)}`;
  const failed = call.status !== 200 && !call.givenUp;
  if (call.url.startsWith(`${settings.url}/functions/`)) {
    lastMint = call;
    ways.count(call);
    log.add("mint", `Mint ${log.countMint()}: ${result}`, failed);
  } else if (call.url.startsWith(settings.gatewayUrl)) {
    log.add("behest", `Request ${log.countRequest()}: ${result}`, failed);
  }
}

/** The client's own account of itself; a token that it has replaced by itself is shown, too. */
function showStatus(): void {
  const { status, error } = client.behest.getSnapshot();
  if (find("client-status").textContent !== status) {
    find("client-status").textContent = status;
    log.add("status", error ? `${status}: ${error.code}` : status, status === "failed");
  }
  // A token that is gone without a fault had another plan, or was refused: the next one is shown.
  if (/ready|idle/.test(status) && shown.claims) {
    client.behest.getToken().then((token) => shown.show(token, ways.way), () => {});
  }
}

showChoices();
find("page-origin").textContent = location.origin;
find("supabase-origin").textContent = settings.url;
find("gateway-origin").textContent = settings.gatewayUrl;
find("who").addEventListener("submit", (event) => {
  event.preventDefault();
  const fields = new FormData(event.target as HTMLFormElement);
  const field = (name: string) => fields.get(name) as string;
  if (settings.users.length > 0) signIn(field("user"));
  else changeUser(() => client.signIn({ email: field("email"), password: field("password") }));
});
signOutButton.addEventListener("click", () => changeUser(client.signOut));
find("again").addEventListener("click", () => mint(() => client.behest.invalidate()));
find("new-session").addEventListener("click", () => mint(() => client.behest.newSession()));
makeTrials({
  step: steps.trials,
  log,
  jti: () => shown.claims?.jti,
  others: () => settings.users.filter((user) => user.email !== email).map(({ plan }) => plan),
  switched: () => {
    if (email) mint(() => client.behest.invalidate());
  },
});
client.watch(showStatus, (error) => log.add("status", `Realtime: ${error}`, true));
showStatus();
client.follow(follow);
// A second tab is opened with the user that it is for.
const as = new URLSearchParams(location.search).get("as");
if (as) {
  history.replaceState(null, "", location.pathname);
  choiceOf(as).checked = true;
  signIn(as);
}
