/** Every way the gateway says no, in the shape that Behest documents. */

/** Thrown anywhere behind a route; the gateway turns it into the answer. */
export class GatewayFault extends Error {
  /**
   * @param status HTTP status
   * @param code Behest's error code
   * @param message says what to do; never holds a key or a token
   * @param details the offending fields, if any
   * @param retryAfter seconds, sent as `Retry-After`
   */
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly details: Record<string, string> = {},
    readonly retryAfter?: number,
  ) {
    super(message);
  }

  /** The documented body, `{error: {code, message, details}}`. */
  toResponse(): Response {
    const { code, message, details, retryAfter } = this;
    return Response.json({ error: { code, message, details } }, {
      status: this.status,
      headers: retryAfter === undefined ? {} : { "Retry-After": String(retryAfter) },
    });
  }
}

/** 401: no token, or one that is not good. */
export function invalidToken(message: string): GatewayFault {
  return new GatewayFault(401, "invalid_token", message);
}

/** 403: known, but not allowed. */
export function forbidden(message: string): GatewayFault {
  return new GatewayFault(403, "forbidden", message);
}

/** 422 (or 400 for what cannot be read at all): names each field at fault. */
export function validationError(
  details: Record<string, string>,
  status = 422,
): GatewayFault {
  const fields = Object.keys(details).join(", ");
  return new GatewayFault(
    status,
    "validation_error",
    `Check ${fields}.`,
    details,
  );
}
