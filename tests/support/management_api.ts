/**
 * Supabase's Management API as far as its CLI needs it to deploy, to set secrets and to download: a
 * double on loopback, since the real one is a closed service. It keeps what came.
 */
import type { Files } from "./deployed.ts";

/** A project's ref, as Supabase makes them. */
export const REF = "abcdefghijklmnopqrst";

/** One deployed function. */
export interface Deployment {
  readonly slug: string;
  readonly files: Files;
  /** As the CLI describes it. */
  readonly metadata: {
    readonly entrypoint_path: string;
    readonly verify_jwt: boolean;
    readonly static_patterns: readonly string[];
  };
}

export class ManagementApi {
  readonly deployments: Deployment[] = [];
  /** What `secrets set` set. */
  readonly secrets: Record<string, string> = {};
  /** Requests that it has no answer to. */
  readonly unknown: string[] = [];
  readonly #server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => this.#answer(request),
  );

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async stop(): Promise<void> {
    await this.#server.shutdown();
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    switch (`${request.method} ${pathname.replace(`/v1/projects/${REF}`, "")}`) {
      case "POST /functions/deploy":
        return this.#deploy(searchParams.get("slug") ?? "", await request.formData());
      case "POST /secrets":
        for (const { name, value } of await request.json()) this.secrets[name] = value;
        return new Response(null, { status: 201 });
      case "GET /functions/behest-token/body":
        return this.#download();
      // The CLI asks for the project's name, and does without.
      case "GET ":
        return Response.json({ message: "Not found" }, { status: 404 });
      default:
        this.unknown.push(`${request.method} ${pathname}`);
        return Response.json({ message: "Not found" }, { status: 404 });
    }
  }

  async #deploy(slug: string, form: FormData): Promise<Response> {
    const parts = form.getAll("file").filter((part) => part instanceof File);
    const files = await Promise.all(
      parts.map(async (file) => [file.name, await file.bytes()] as const),
    );
    const metadata = JSON.parse(String(form.get("metadata")));
    this.deployments.push({ slug, files: new Map(files), metadata });
    const { entrypoint_path, verify_jwt } = metadata;
    const now = Date.now();
    return Response.json({
      id: crypto.randomUUID(),
      slug,
      name: slug,
      status: "ACTIVE",
      version: this.deployments.length,
      verify_jwt,
      entrypoint_path,
      created_at: now,
      updated_at: now,
    }, { status: 201 });
  }

  #download(): Response {
    const deployed = this.deployments.at(-1);
    if (!deployed) return Response.json({ message: "Not found" }, { status: 404 });
    const form = new FormData();
    const path = deployed.metadata.entrypoint_path;
    form.append("metadata", JSON.stringify({ deno2_entrypoint_path: path }));
    for (const [name, bytes] of deployed.files) {
      form.append("file", new File([bytes as Uint8Array<ArrayBuffer>], name));
    }
    return new Response(form);
  }
}
