/** Sees each request go out and its answer come, as an app's own telemetry would. */

/** One request that has ended. */
export interface Call {
  url: string;
  /** Nothing, where the browser let no answer through. */
  status?: number;
  /** Ended by who had sent it, before an answer came: no fault of anybody's. */
  givenUp: boolean;
  /** Until the answer's headers came, in ms. */
  ms: number;
  /** The header `Server-Timing` as it came. */
  timing: string;
}

/**
 * Reads no body, and changes nothing.
 * @returns a fetch that tells of its calls
 */
export function watchFetch(seen: (call: Call) => void): typeof fetch {
  return async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    const begin = performance.now();
    const end = (response?: Response, error?: unknown) =>
      seen({
        url,
        status: response?.status,
        givenUp: error instanceof DOMException && error.name === "AbortError",
        ms: performance.now() - begin,
        timing: response?.headers.get("Server-Timing") ?? "",
      });
    try {
      const response = await fetch(input, init);
      end(response);
      return response;
    } catch (error) {
      end(undefined, error);
      throw error;
    }
  };
}
