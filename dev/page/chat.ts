/** The chat: one message at a time, its answer as it comes, and nothing of it for the next user. */

import type { Client } from "./client.ts";
import { addMessage, appendText, find, formatMs, type Step } from "./view.ts";

/** The chat of one page. */
export interface Chat {
  /**
   * Begins anew, without a word of before: an answer that still comes is the last user's.
   * @param open whether there is somebody to chat
   */
  begin(open: boolean): void;
}

/** Makes the form of the chat work. */
export function makeChat(step: Step, ask: Client["ask"]): Chat {
  const fields = find<HTMLFieldSetElement>("chat-fields");
  const prompt = find<HTMLInputElement>("prompt");
  const note = find("first-word");
  let current: AbortController | undefined;

  const send = async (text: string) => {
    const own = current = new AbortController();
    fields.disabled = true;
    prompt.value = "";
    const said = addMessage("You");
    appendText(said, text);
    const answer = addMessage("Gateway");
    const begin = performance.now();
    const done = await step.run(async () => {
      let first: number | undefined;
      for await (const piece of ask(text, own.signal)) {
        if (piece !== "") first ??= performance.now() - begin;
        appendText(answer, piece);
      }
      return first ?? 0;
    }, () => {
      // As if it had not been said: it is in the field, to be sent once more.
      for (const message of [said, answer]) message.parentElement!.remove();
      prompt.value = text;
    });
    if (own.signal.aborted) return;
    current = undefined;
    if (done) note.textContent = `First word after ${formatMs(done.value)}`;
    fields.disabled = false;
    // Whoever has gone elsewhere meanwhile stays there.
    if (document.activeElement === document.body) prompt.focus();
  };

  find("ask").addEventListener("submit", (event) => {
    event.preventDefault();
    if (!current) send(prompt.value);
  });

  return {
    begin(open) {
      current?.abort();
      current = undefined;
      step.reset();
      for (const element of [find("messages"), note]) element.replaceChildren();
      prompt.value = prompt.defaultValue;
      fields.disabled = !open;
    },
  };
}
