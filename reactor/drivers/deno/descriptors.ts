/**
 * Preparations for a shortage of file descriptors, and checks for one.
 *
 * Deno 2.9.6 aborts the process in three situations where it cannot open a file. Each is avoided
 * here:
 *
 * - Formatting the first stack trace of a TypeScript module. Deno opens the compiled module for its
 *   source map and, if that fails, compiles the source again. Its parser then asks the C library
 *   for the limits of the main thread's stack, which reads them from `/proc/self/maps`. This
 *   happens once in a process, so {@linkcode prepareForShortage} parses a statement early.
 * - Starting a thread, which needs six descriptors.
 * - Adding the first signal handler, which needs two; see `signals.ts`.
 *
 * @module
 */

/** The number of descriptors that must be free for a thread to start: six, and two to spare. */
export const FOR_A_THREAD = 8;

/** The number of descriptors that the first signal handler of a process needs. */
export const FOR_SIGNALS = 2;

// Deno's parser checks the limits of the stack only for some kinds of statements, such as this `if`
// statement.
const PARSED = "if (a) b(); else c();";

let prepared = false;

/** Whether Deno can read the resident size while descriptors are free, as on Linux. */
let sizeIsReadable = false;

/**
 * Prepares Deno for a shortage while descriptors are still free. The reactor calls this when it
 * starts.
 */
export function prepareForShortage(): void {
  if (prepared || Deno.build.os !== "linux") return;
  prepared = true;
  sizeIsReadable = canReadSize();
  const module = globalThis.process.getBuiltinModule("node:module");
  // The cast adds this function, which node's types lack. The function is optional, because other
  // releases of Deno may not have it.
  const { stripTypeScriptTypes } = module as { stripTypeScriptTypes?: (source: string) => string };
  stripTypeScriptTypes?.(PARSED);
}

/**
 * Returns whether no file descriptor is free. Needs no permission: Deno reads the size of the
 * process from a file, and reports zero if it cannot open that file.
 */
export function isOutOfDescriptors(): boolean {
  return sizeIsReadable && !canReadSize();
}

/**
 * Checks that enough descriptors are free for an operation that would abort the process without
 * them.
 *
 * With `--allow-read=/dev/null` or `--allow-net=127.0.0.1:0`, the check opens that many descriptors
 * and closes them. Without these permissions it only checks that one is free.
 *
 * @param count The number of descriptors.
 * @param purpose The operation, as in "start a thread".
 * @throws {Error} With the code `EMFILE`, if fewer are free.
 */
export function checkDescriptors(count: number, purpose: string): void {
  if (Deno.build.os === "windows") return;
  if (isOutOfDescriptors()) throw outOfDescriptors(purpose);
  const open = descriptorSource();
  if (open === null) return;
  const opened: Disposable[] = [];
  try {
    while (opened.length < count) opened.push(open());
  } catch (cause) {
    throw outOfDescriptors(purpose, cause);
  } finally {
    for (const each of opened) each[Symbol.dispose]();
  }
}

/** Returns a function that opens a descriptor, or null when this process may not open any. */
function descriptorSource(): (() => Disposable) | null {
  if (mayOpenNull()) return openNull;
  const { state } = Deno.permissions.querySync({ name: "net", host: "127.0.0.1:0" });
  return state === "granted" ? () => Deno.listen({ hostname: "127.0.0.1", port: 0 }) : null;
}

/** Returns whether this process may open `/dev/null` without asking the user. */
export function mayOpenNull(): boolean {
  return Deno.build.os !== "windows" &&
    Deno.permissions.querySync({ name: "read", path: "/dev/null" }).state === "granted";
}

/**
 * Opens `/dev/null`.
 *
 * @throws {Error} With the code `EMFILE`, if no descriptor is free.
 */
export function openNull(): Deno.FsFile {
  return Deno.openSync("/dev/null");
}

function outOfDescriptors(purpose: string, cause?: unknown): Error {
  const error = new Error(`Cannot ${purpose}: too many open files`, { cause });
  return Object.assign(error, { code: "EMFILE" });
}

function canReadSize(): boolean {
  return Deno.memoryUsage().rss > 0;
}
