/** A PostgreSQL of the machine's own, for tests: a throwaway cluster that listens on a socket alone. */
import pg from "pg";

/** What a query says. */
export interface Client {
  query(sql: string): Promise<{ rows: Record<string, unknown>[] }>;
  end(): Promise<void>;
}

/** A running cluster. */
export interface Cluster {
  /** Opens a connection; `onNotice` hears what the server says beside answers. */
  connect(user: string, database: string, onNotice?: (text: string) => void): Promise<Client>;
  stop(): Promise<void>;
}

const SETTINGS = {
  listen_addresses: "",
  fsync: "off",
  synchronous_commit: "off",
  full_page_writes: "off",
  autovacuum: "off",
  // As Supabase has it, or a publication says nothing.
  wal_level: "logical",
  max_connections: "50",
};

/** Ends the server when this process does, however it does: its end of the pipe closes then. */
const WHILE_READING = '"$@" & cat >/dev/null; kill -INT $!; wait $!';

/** The name of who may do all; not `postgres`, who may not in a hosted project. */
export const SUPERUSER = "supabase_admin";

/** @throws {Error} that says how to install PostgreSQL, where there is none */
export async function startCluster(): Promise<Cluster> {
  const bin = findPostgres();
  const folder = await Deno.makeTempDir({ prefix: "behest-pg-" });
  // The server refuses to run as root.
  const who = Deno.uid() === 0 ? { uid: 65534, gid: 65534 } : {};
  if (who.uid !== undefined) await Deno.chown(folder, who.uid, who.gid);
  const data = `${folder}/data`;
  const made = await new Deno.Command(`${bin}/initdb`, {
    args: ["-D", data, "-U", SUPERUSER, "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C"],
    cwd: folder,
    ...who,
  }).output();
  if (!made.success) throw new Error(`initdb: ${new TextDecoder().decode(made.stderr)}`);
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const server = new Deno.Command("sh", {
    args: ["-c", WHILE_READING, "sh", `${bin}/postgres`, "-D", data, "-k", folder, ...settings],
    cwd: folder,
    stdin: "piped",
    stdout: "null",
    stderr: "null",
    ...who,
  }).spawn();
  const connect: Cluster["connect"] = async (user, database, onNotice = () => {}) => {
    const client = new pg.Client({ host: folder, user, database });
    client.on("notice", ({ message }: { message: string }) => onNotice(message));
    // A server that stops says so to whom is still there.
    client.on("error", () => {});
    await client.connect();
    return client;
  };
  await untilReady(connect);
  return {
    connect,
    async stop() {
      await server.stdin.close();
      await server.status;
      await Deno.remove(folder, { recursive: true });
    },
  };
}

async function untilReady(connect: Cluster["connect"]): Promise<void> {
  for (let tries = 0;; tries++) {
    try {
      return await (await connect(SUPERUSER, "postgres")).end();
    } catch (error) {
      if (tries === 200) throw new Error("PostgreSQL does not start.", { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Where its programs are: Debian keeps them by version, and off the path. */
function findPostgres(): string {
  const chosen = Deno.env.get("POSTGRES_BIN");
  const found = chosen ? [chosen] : [
    ...versions("/usr/lib/postgresql").map((version) => `/usr/lib/postgresql/${version}/bin`),
    "/opt/homebrew/opt/postgresql@17/bin",
    ...(Deno.env.get("PATH") ?? "").split(":"),
  ];
  const bin = found.find((path) => isFile(`${path}/initdb`));
  if (bin) return bin;
  throw new Error(
    (chosen
      ? `POSTGRES_BIN is ${chosen}, where there is no initdb. `
      : "No PostgreSQL was found. ") +
      `Install it, version ${OLDEST} or later (` +
      "Debian and Ubuntu: apt-get install postgresql; macOS: brew " +
      "install postgresql@17), or set POSTGRES_BIN to the folder that has its initdb.",
  );
}

/** Supabase's oldest. */
const OLDEST = 15;

/** The newest first. */
function versions(folder: string): number[] {
  try {
    return Array.from(Deno.readDirSync(folder), ({ name }) => Number(name)).filter((version) =>
      version >= OLDEST
    ).sort((a, b) => b - a);
  } catch {
    return [];
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
