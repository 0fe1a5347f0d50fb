/** What lies below every check. */
import type { HttpClient } from "./http.ts";
import type { DoctorOptions } from "./options.ts";
import type { Report } from "./report.ts";
import type { Secrets } from "./secrets.ts";

/** What every check has at hand. */
export interface CheckContext {
  readonly options: DoctorOptions;
  readonly http: HttpClient;
  readonly report: Report;
  readonly secrets: Secrets;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}
