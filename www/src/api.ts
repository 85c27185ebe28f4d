// The wire types, as `lockwright::api` and the problem documents have them.

/** A project to lock. */
export interface LockRequest {
  pyproject: string;
  lock?: string;
  formats?: string[];
  options?: LockOptions;
}

/** A lock file as it is. */
export interface LockText {
  name: string;
  text: string;
}

/** A lock to convert. */
export interface ConvertRequest {
  lock: LockText;
  to: string[];
  pyproject?: string;
  options?: LockOptions;
}

/** What a conversion gives. */
export interface ConvertReply {
  from: string;
  locks: Record<string, WrittenLock>;
  warnings: ReplyDiagnostic[];
  stats: Stats;
}

/** Settings of a run. */
export interface LockOptions {
  public_index?: string;
  default_index?: string;
  index?: string[];
  exclude_newer?: string;
  resolution?: string;
  prerelease?: string;
}

/** What a run gives. */
export interface LockReply {
  locks: Record<string, WrittenLock>;
  unchanged: boolean;
  packages: LockedPackage[];
  warnings: ReplyDiagnostic[];
  stats: Stats;
}

/** A lock in one format. */
export interface WrittenLock {
  file_name: string;
  text: string;
  losses: string[];
}

/** A package of the lock. */
export interface LockedPackage {
  name: string;
  version?: string;
  marker?: string;
  dependencies: string[];
}

/** What a run took. */
export interface Stats {
  queries: number;
  waves: number;
  forks: number;
  decisions: number;
}

/** How far a run is. */
export interface Progress {
  found: number;
  resolved: number;
  asked: number;
  answered: number;
  forks: number;
}

/** A kind of lock file. */
export interface Format {
  name: string;
  file_name: string;
  media_type: string;
  /** Whether locks can be written in it, not only read from it. */
  can_be_written: boolean;
  /** Whether `all` means it, too. */
  is_in_all: boolean;
}

/** What the service beside the playground says about itself. */
export interface Meta {
  version: string;
  public_index?: string;
}

/** Something that is wrong. */
export interface Diagnostic {
  code: string;
  severity: "error" | "warning";
  title: string;
  labels: Label[];
  help: string[];
}

/** A place, in bytes of UTF-8. */
export interface Label {
  file: string;
  span: { start: number; end: number };
  line?: number;
  column?: number;
  text: string;
}

/** A diagnostic as a reply carries it: the place lies open in the label. */
export interface ReplyDiagnostic extends Omit<Diagnostic, "labels"> {
  labels: { file: string; start: number; end: number; text: string }[];
}

/** Why there is no lock: RFC 9457. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail?: string;
  code: string;
  diagnostics: Diagnostic[];
}

/** A reply's diagnostic in the form that problems have. */
export function fromReply(diagnostic: ReplyDiagnostic): Diagnostic {
  const labels = diagnostic.labels.map(({ file, start, end, text }) => ({ file, span: { start, end }, text }));
  return { ...diagnostic, labels };
}

/** A problem that this side found. */
export function problemOf(code: string, title: string, help: string[] = []): Problem {
  const diagnostic: Diagnostic = { code, severity: "error", title, labels: [], help };
  return { type: "about:blank", title, status: 0, detail: title, code, diagnostics: [diagnostic] };
}
