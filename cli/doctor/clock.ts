/** Whose clock is wrong. */
import type { Party } from "./http.ts";
import type { CheckContext } from "./context.ts";

/** Milliseconds that clocks may differ. */
const MAX_MS = 30_000;

/** What can be compared with the clock of this machine. */
type Witness = Party | "the token's iat";

/** @param iatAhead how far the token's `iat` is ahead of this clock, in ms */
export function checkClock({ http, report }: CheckContext, iatAhead: number | undefined): void {
  const witnesses: [Witness, number][] = [...http.ahead];
  if (iatAhead !== undefined) witnesses.push(["the token's iat", iatAhead]);
  if (witnesses.length === 0) {
    report.skip("Nobody has told the time.", "clock");
    return;
  }
  const wrong = witnesses.filter(([, ahead]) => Math.abs(ahead) > MAX_MS);
  if (wrong.length === 0) {
    const names = witnesses.map(([name]) => name).join(", ");
    report.ok("clock", `This machine agrees within 30 s with ${names}.`);
    return;
  }
  // Where all agree with each other, they are right and this machine is not.
  const offsets = witnesses.map(([, ahead]) => ahead);
  const spread = Math.max(...offsets) - Math.min(...offsets);
  if (wrong.length === witnesses.length && spread <= MAX_MS) {
    report.cross(
      "clock",
      `The clock of this machine is ${difference(-offsets[0])}.`,
      "Set this machine's clock by the network (NTP), and run the doctor again. If it is right, " +
        "look at the servers' clocks.",
    );
    return;
  }
  const list = wrong.map(([name, ahead]) => `${name} is ${difference(ahead)}`).join("; ");
  report.cross(
    "clock",
    `These are more than 30 s off: ${list}.`,
    "Set the clock of that machine by the network (NTP). If it is not yours, tell who runs it: " +
      "Supabase's support, or Behest's for the gateway and for the iat of tokens that it mints.",
  );
}

function difference(ahead: number): string {
  return `${Math.round(Math.abs(ahead) / 1000)} s ${ahead > 0 ? "ahead" : "behind"}`;
}
