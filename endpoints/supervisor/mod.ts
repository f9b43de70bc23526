/**
 * A supervisor: it runs a program in several processes, restarts those that end, and replaces them
 * without a pause. With it, a server uses all processor cores.
 *
 * @module
 */

export { TooManyRestarts, WorkerNotReady } from "./errors.ts";
export type { SupervisedProgram } from "./supervised_program.ts";
export { Supervisor, type SupervisorReactor, type WorkerStatus } from "./supervisor.ts";
export type { SupervisorOptions } from "./supervisor_options.ts";
