/**
 * A child of the dev stack holds its parent's end of standard input. The system
 * closes it when the parent ends, however it ends, and then the child ends too:
 * nothing is left running after a crash. A terminal's Ctrl-C reaches the children,
 * too: they leave it to the parent, which ends them in order.
 */
export async function exitWithParent(): Promise<never> {
  Deno.addSignalListener("SIGINT", () => {});
  const buffer = new Uint8Array(64);
  while (await Deno.stdin.read(buffer) !== null);
  Deno.exit(0);
}
