/** An OpenAI client that asks for a token at each try, and never goes on with another user's. */

import { userChanged } from "./error.ts";
import { type Fetch, PLACEHOLDER, USER, type WithUser } from "./fetch.ts";
import type { TokenSource } from "./token_source.ts";
import { untilAborted } from "./work.ts";

/** What is used of a request of OpenAI's SDK. */
interface OpenAIRequest {
  signal?: AbortSignal | null | undefined;
  fetchOptions?: WithUser | undefined;
}

/** Where a subclass of the SDK's takes part; what it throws ends all tries. */
interface OpenAIMethods {
  /** At once with a call, before its body is read; and again with each try. */
  makeRequest(request: OpenAIRequest | Promise<OpenAIRequest>, ...rest: unknown[]): unknown;
  /** At each try, with the same object. */
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
  class BehestOpenAI extends (OpenAI as unknown as new (options: object) => OpenAIMethods) {
    /** Whoever calls is whose request it is, though its body may take a while to be read. */
    override makeRequest(
      request: OpenAIRequest | Promise<OpenAIRequest>,
      ...rest: unknown[]
    ): unknown {
      // Where it is not certain whose that is, it is found out now, and not when the body is there.
      const asked = source.whose();
      Promise.resolve(asked).catch(() => {});
      const pinned = async () => {
        const own = await request;
        const user = await untilAborted(Promise.resolve(asked), own.signal);
        return { ...own, fetchOptions: { [USER]: user, ...own.fetchOptions } };
      };
      return super.makeRequest(pinned(), ...rest);
    }

    override async prepareOptions(request: OpenAIRequest): Promise<void> {
      await super.prepareOptions?.(request);
      const own = request.fetchOptions = { ...request.fetchOptions };
      // A second try is still the first one's user's, however much time has passed.
      if (own[USER] && !source.has(own[USER])) throw userChanged();
      const { user } = await source.ready(request.signal);
      own[USER] ??= user;
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
  // Before version 5 whose request it is would be lost on the way to `fetch`.
  if (!("fetchOptions" in client)) throw new TypeError("openai 5 or later is needed");
  return client as InstanceType<Class>;
}
