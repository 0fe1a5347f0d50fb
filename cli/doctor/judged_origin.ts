/** An origin that a server named, held to where it leads. */
import { nearbyOf } from "./address.ts";

/** Why nothing is sent to an origin: a part of a sentence. */
export interface Refused {
  readonly refused: string;
}

/** An origin with the addresses that it is asked at, and no other: what a name leads to can change. */
export class JudgedOrigin {
  /** Makes this a type of its own: an object that merely looks like one is none. */
  readonly #isJudged = true;

  private constructor(
    /** Without a slash at its end. */
    readonly origin: string,
    readonly addresses: readonly string[],
  ) {}

  /**
   * Every address has to be a public one: whoever answers for a name chooses which of them is asked.
   *
   * @param origin https, or http on this machine
   * @param addresses all that its name leads to now
   * @param besideLoopback the user examines a server on this machine, and its gateway may be here, too
   */
  static judge(
    origin: string,
    addresses: readonly string[],
    besideLoopback: boolean,
  ): JudgedOrigin | Refused {
    const isOpen = new URL(origin).protocol !== "https:";
    for (const address of addresses) {
      const nearby = nearbyOf(address);
      if (nearby === "loopback" && besideLoopback) continue;
      if (nearby !== undefined) return { refused: `leads to ${address} (${nearby})` };
      if (isOpen) return { refused: `leads to ${address}, over http` };
    }
    if (addresses.length === 0) return { refused: "leads to no address" };
    return new JudgedOrigin(origin, addresses);
  }
}
