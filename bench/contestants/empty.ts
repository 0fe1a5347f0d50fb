/** The floor: a server that does nothing. */
Deno.serve(() => new Response('{"token":"","sessionId":"","ttl":900,"expiresAt":0}'));
