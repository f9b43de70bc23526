/**
 * File descriptors: preparations for the moment at which none is left, and checks whether some are.
 *
 * Deno 2.9.6 ends the process in three places where it cannot open a file. Each is avoided here:
 *
 * - The first stack of a TypeScript module that it formats. Deno opens the compiled module for its
 *   source map and, when that fails, compiles the source again. Its parser asks the C library for
 *   the limits of the main thread's stack, which reads them from `/proc/self/maps`. It asks once in
 *   a process, so {@linkcode prepareForShortage} parses a statement early.
 * - A thread. It needs six descriptors.
 * - The first signal handler. It needs two; see `signals.ts`.
 *
 * @module
 */

/** The number of descriptors that must be free for a thread to start: six, and two to spare. */
export const FOR_A_THREAD = 8;

/** The number of descriptors that the first signal handler of a process takes. */
export const FOR_SIGNALS = 2;

// The parser looks at the limits of the stack for some statements only. This is one.
const PARSED = "if (a) b(); else c();";

let prepared = false;

/** Whether the resident size can be read while descriptors are free, as on Linux. */
let sizeIsReadable = false;

/**
 * Prepares Deno, while descriptors are free, for having none. The reactor calls this when it
 * starts.
 */
export function prepareForShortage(): void {
  if (prepared || Deno.build.os !== "linux") return;
  prepared = true;
  sizeIsReadable = canReadSize();
  const module = globalThis.process.getBuiltinModule("node:module");
  // Node's types do not have it, and other releases of Deno may not.
  const { stripTypeScriptTypes } = module as { stripTypeScriptTypes?: (source: string) => string };
  stripTypeScriptTypes?.(PARSED);
}

/**
 * Returns whether no file descriptor is left. Needs no permission: Deno reads the size of the
 * process from a file, and reports zero when that cannot be opened.
 */
export function isOutOfDescriptors(): boolean {
  return sizeIsReadable && !canReadSize();
}

/**
 * Checks that descriptors are free for an operation that would end the process without them.
 *
 * With `--allow-read=/dev/null` or `--allow-net=127.0.0.1:0` it opens that many and closes them.
 * With neither permission it can only find out whether one is free.
 *
 * @param count The number of descriptors.
 * @param purpose The operation, as in "start a thread".
 * @throws {Error} with the code `EMFILE` when fewer are free.
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
 * @throws {Error} with the code `EMFILE` when no descriptor is left.
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
