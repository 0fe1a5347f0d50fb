/** An OpenAI client that asks for a token at each try, and never goes on with another user's. */

import { type Fetch, PLACEHOLDER, USER, type WithUser } from "./fetch.ts";
import type { TokenSource } from "./source.ts";

/** What is used of a request of OpenAI's SDK: the same object at each try. */
interface OpenAIRequest {
  signal?: AbortSignal | null | undefined;
  fetchOptions?: WithUser | undefined;
}

/** Where OpenAI's SDK lets a subclass prepare what it is about to send; what it throws ends all tries. */
interface Preparing {
  prepareOptions?(request: OpenAIRequest): Promise<void>;
}

/** The class `OpenAI`, or one that extends it. */
export type OpenAIClass = new (options: never) => object;

/**
 * @param OpenAI the SDK's class
 * @param options its own
 * @param baseUrl Behest's, where it is known beforehand
 */
export function makeOpenAI<Class extends OpenAIClass>(
  OpenAI: Class,
  options: object | undefined,
  source: TokenSource,
  baseUrl: string = PLACEHOLDER,
  fetch: Fetch,
): InstanceType<Class> {
  class BehestOpenAI extends (OpenAI as unknown as new (options: object) => Preparing) {
    override async prepareOptions(request: OpenAIRequest): Promise<void> {
      await super.prepareOptions?.(request);
      const { fetchOptions } = request;
      // A second try is still the first one's user's, however much time has passed.
      const first = fetchOptions?.[USER];
      if (first) source.check({ user: first });
      const { user } = await source.ready(request.signal);
      request.fetchOptions = { ...fetchOptions, [USER]: first ?? user };
    }
  }
  const client = new BehestOpenAI({
    dangerouslyAllowBrowser: true,
    ...options,
    baseURL: `${baseUrl}/v1`,
    // What is sent is set by `fetch`.
    apiKey: "behest",
    fetch,
  });
  return client as InstanceType<Class>;
}
