// What the page and the resolver's thread say to each other.
import type { ConvertReply, ConvertRequest, Diagnostic, Format, LockReply, LockRequest, Problem, Progress } from "./api";

export type ToResolver =
  | { id: number; op: "lock"; request: LockRequest; batchUrl: string | undefined }
  | { id: number; op: "convert"; request: ConvertRequest; batchUrl: string | undefined }
  | { id: number; op: "diagnose"; pyproject: string };

export type FromResolver =
  | { event: "ready"; version: string; formats: Format[] }
  | { event: "progress"; id: number; progress: Progress }
  | { event: "reply"; id: number; reply: LockReply | ConvertReply }
  | { event: "problem"; id: number; problem: Problem }
  | { event: "diagnosed"; id: number; diagnostics: Diagnostic[] };
