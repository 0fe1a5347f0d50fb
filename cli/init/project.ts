/**
 * The project's files, as what they are and not as they are called: whoever made the repository may
 * have put a link in the place of any of them, or of any folder on the way.
 */
import { lstat, mkdir, readdir, readFile, realpath, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { UsageError } from "../terminal.ts";

/** In bytes: many times the longest file that is read. */
const MOST = 2 ** 21;

/** A file as it is and as it should be. */
export interface Change {
  readonly path: string;
  readonly before?: string;
  readonly after: string;
}

/** A file that is longer than what belongs there, or no UTF-8: written back it would be another one. */
export class UnreadText extends UsageError {}

export class Project {
  /** The folder's real path, without a link in it. */
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  /** The folder itself may be a link: its name is the user's own word. */
  static async in(folder: string): Promise<Project | undefined> {
    const root = await realpath(folder).catch(() => undefined);
    return root === undefined ? undefined : new Project(root);
  }

  /**
   * A file's text; nothing where there is none.
   *
   * @param path from the project's folder, with slashes
   * @throws {UsageError} where it is reached through a link, or is no plain file
   * @throws {UnreadText}
   */
  async read(path: string): Promise<string | undefined> {
    await this.#refuseLinks(path);
    const target = join(this.root, path);
    const stat = await statOf(target);
    // A folder of that name, too, is no file.
    if (stat === undefined || stat.isDirectory()) return undefined;
    // A pipe or a device might never end.
    if (!stat.isFile()) throw new UsageError(`${path} is no plain file, so it is not read.`);
    if (stat.size > MOST) throw new UnreadText(`${path} is longer than 2 MiB, so it is not read.`);
    try {
      const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
      return decoder.decode(await readFile(target));
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      throw new UnreadText(`${path} is no UTF-8, so it is not read.`);
    }
  }

  /**
   * The names in a folder; none where there is nothing.
   *
   * @throws {UsageError} where it is reached through a link, or is no folder that can be read
   */
  async list(path: string): Promise<string[]> {
    await this.#refuseLinks(path);
    return await readdir(join(this.root, path)).catch((error) => {
      if (error.code === "ENOENT") return [];
      throw new UsageError(`${path} is no folder that can be read. Put one in its place.`);
    });
  }

  async has(path: string): Promise<boolean> {
    return await statOf(join(this.root, path)) !== undefined;
  }

  /** @throws {UsageError} where it would be written through a link */
  async write({ path, before, after }: Change): Promise<void> {
    await this.#refuseLinks(path);
    const target = join(this.root, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, after, { flag: before === undefined ? "wx" : "w" });
  }

  /** The first link on the way to a path, itself at last. */
  async linkOnTheWay(path: string): Promise<string | undefined> {
    const parts = path.split("/");
    for (let length = 1; length <= parts.length; length++) {
      const part = parts.slice(0, length).join("/");
      if ((await statOf(join(this.root, part)))?.isSymbolicLink()) return part;
    }
    return undefined;
  }

  async #refuseLinks(path: string): Promise<void> {
    const link = await this.linkOnTheWay(path);
    if (link === undefined) return;
    throw new UsageError(
      `${link} is a link, and may lead anywhere: nothing is read or written through it. Put what it ` +
        "leads to in its place.",
    );
  }
}

async function statOf(path: string) {
  return await lstat(path).catch((error) => {
    if (["ENOENT", "ENOTDIR"].includes(error.code)) return undefined;
    throw error;
  });
}
