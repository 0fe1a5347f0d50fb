// Starts Verdaccio with the configuration that the first argument names, on a free port of the
// loopback. It ends when its standard input does.
import { runServer } from "verdaccio";

const server = await runServer(process.argv[2]);
server.listen(0, "127.0.0.1", () => {
  console.log(`ready http://127.0.0.1:${server.address().port}`);
});
process.stdin.on("end", () => process.exit()).resume();
