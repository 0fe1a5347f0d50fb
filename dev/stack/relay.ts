/** Hands a WebSocket on to another server, as the front does with requests. */

/** Bytes that may wait for a server that is still being reached; a client that sends more goes. */
const MOST_WAITING = 1_000_000;

/**
 * @param to the server's URL (http or https), to which the request's path and query are added
 * @returns what answers a request for a socket
 */
export function makeRelay(to: string): (request: Request) => Response {
  return (request) => {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      return Response.json({ message: "A WebSocket is served here." }, { status: 426 });
    }
    const { pathname, search } = new URL(request.url);
    const { socket: client, response } = Deno.upgradeWebSocket(request);
    const server = new WebSocket(to.replace(/^http/, "ws") + pathname + search);
    server.binaryType = client.binaryType = "arraybuffer";
    const waiting: (string | ArrayBuffer)[] = [];
    let size = 0;
    client.onmessage = ({ data }) => {
      if (server.readyState === WebSocket.OPEN) return server.send(data);
      size += data.length ?? data.byteLength;
      if (size > MOST_WAITING) return client.close();
      waiting.push(data);
    };
    server.onopen = () => waiting.splice(0).forEach((data) => server.send(data));
    server.onmessage = ({ data }) => {
      if (client.readyState === WebSocket.OPEN) client.send(data);
    };
    server.onclose = ({ code, reason }) => close(client, code, reason);
    client.onclose = ({ code, reason }) => close(server, code, reason);
    // Each is followed by a close.
    server.onerror = client.onerror = (event) =>
      event instanceof ErrorEvent && event.preventDefault();
    return response;
  };
}

/** With the code of the other end, where it is one that may be sent (RFC 6455, 7.4). */
function close(socket: WebSocket, code: number, reason: string): void {
  const sendable = code === 1000 || (code >= 3000 && code < 5000);
  if (sendable) socket.close(code, reason);
  else socket.close();
}
