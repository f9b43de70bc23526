/**
 * The functions of the C library that this driver calls.
 *
 * A call costs Deno about 10 ns, because every parameter is a small integer or a buffer. Lengths
 * (`size_t`) are therefore declared as `i32`: none is negative or reaches 2^31, and passing a
 * number for a 64-bit parameter would cost twenty times as much.
 *
 * A function that returns -1 has stored its reason in `errno`, a variable of the calling thread.
 * All calls are made in the thread of the reactor, except the one of
 * {@linkcode LibraryCalls.epollWaitOnThread}.
 *
 * @module
 */

import { SystemFailure } from "./system_failure.ts";

const FD = "i32";
const SIZE = "i32";

const SYMBOLS = {
  // epoll(7), eventfd(2) and timerfd_create(2)
  epoll_create1: { parameters: ["i32"], result: "i32" },
  epoll_ctl: { parameters: [FD, "i32", FD, "buffer"], result: "i32" },
  epoll_wait: { parameters: [FD, "buffer", "i32", "i32"], result: "i32" },
  epollWaitOnThread: {
    name: "epoll_wait",
    parameters: [FD, "buffer", "i32", "i32"],
    result: "i32",
    nonblocking: true,
  },
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  timerfd_create: { parameters: ["i32", "i32"], result: "i32" },
  timerfd_settime: { parameters: [FD, "i32", "buffer", "pointer"], result: "i32" },
  read: { parameters: [FD, "buffer", SIZE], result: "i32" },
  write: { parameters: [FD, "buffer", SIZE], result: "i32" },
  close: { parameters: [FD], result: "i32" },
  // socket(7)
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  bind: { parameters: [FD, "buffer", "i32"], result: "i32" },
  listen: { parameters: [FD, "i32"], result: "i32" },
  accept4: { parameters: [FD, "buffer", "buffer", "i32"], result: "i32" },
  connect: { parameters: [FD, "buffer", "i32"], result: "i32" },
  getsockname: { parameters: [FD, "buffer", "buffer"], result: "i32" },
  getpeername: { parameters: [FD, "buffer", "buffer"], result: "i32" },
  getsockopt: { parameters: [FD, "i32", "i32", "buffer", "buffer"], result: "i32" },
  setsockopt: { parameters: [FD, "i32", "i32", "buffer", "i32"], result: "i32" },
  recv: { parameters: [FD, "buffer", SIZE, "i32"], result: "i32" },
  recvfrom: { parameters: [FD, "buffer", SIZE, "i32", "buffer", "buffer"], result: "i32" },
  send: { parameters: [FD, "buffer", SIZE, "i32"], result: "i32" },
  sendto: { parameters: [FD, "buffer", SIZE, "i32", "buffer", "i32"], result: "i32" },
  recvmsg: { parameters: [FD, "buffer", "i32"], result: "i32" },
  sendmsg: { parameters: [FD, "buffer", "i32"], result: "i32" },
  shutdown: { parameters: [FD, "i32"], result: "i32" },
  fcntl: { parameters: [FD, "i32", "i32"], result: "i32" },
  fchmod: { parameters: [FD, "u32"], result: "i32" },
  // The text forms of IPv6 addresses, and the numbers of network interfaces.
  inet_pton: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  inet_ntop: { parameters: ["i32", "buffer", "buffer", "i32"], result: "pointer" },
  // Host names: getaddrinfo(3). Its results are numbers of errors of their own.
  getaddrinfo: { parameters: ["buffer", "pointer", "buffer", "buffer"], result: "i32" },
  freeaddrinfo: { parameters: ["pointer"], result: "void" },
  gai_strerror: { parameters: ["i32"], result: "pointer" },
  if_nametoindex: { parameters: ["buffer"], result: "u32" },
  if_indextoname: { parameters: ["u32", "buffer"], result: "pointer" },
  strerror: { parameters: ["i32"], result: "pointer" },
  __errno_location: { parameters: [], result: "pointer" },
} as const satisfies Deno.ForeignLibraryInterface;

/** The functions, each as its manual page describes it. */
export type LibraryCalls = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/**
 * Returns the file names under which the C library may be found: that of the GNU library, and that
 * of musl.
 */
export function libraryNames(): string[] {
  return ["libc.so.6", `libc.musl-${Deno.build.arch}.so.1`];
}

/** An open C library. */
export class SystemCalls {
  readonly #library: Deno.DynamicLibrary<typeof SYMBOLS>;
  /** The functions of the library. */
  readonly calls: LibraryCalls;
  /** The variable `errno` of this thread. */
  readonly #errno: Int32Array;

  /**
   * Opens the library.
   *
   * @param names The file names to try, in order.
   * @throws {Error} If there is no such library, or a permission is missing.
   */
  constructor(names: readonly string[]) {
    this.#library = firstOf(names, (name) => Deno.dlopen(name, SYMBOLS));
    this.calls = this.#library.symbols;
    const location = this.calls.__errno_location();
    if (location === null) throw new Error("Cannot find errno: the C library returned no address");
    this.#errno = new Int32Array(Deno.UnsafePointerView.getArrayBuffer(location, 4));
  }

  /** The reason why the last call has failed. Valid until the next call. */
  get errno(): number {
    return this.#errno[0] ?? 0;
  }

  /**
   * Returns the result of a call.
   *
   * @throws {SystemFailure} If the call has failed.
   */
  checked(syscall: string, result: number): number {
    if (result < 0) throw this.failure(syscall);
    return result;
  }

  /**
   * Creates the error of a call that has failed.
   *
   * @param syscall The name of the function.
   * @param errno The number of the error. The default is that of the last call.
   */
  failure(syscall: string, errno: number = this.errno): SystemFailure {
    const text = this.calls.strerror(errno);
    const message = text === null ? "unknown error" : Deno.UnsafePointerView.getCString(text);
    return new SystemFailure(syscall, errno, message);
  }

  /** Closes the library. No function may be called after that. */
  close(): void {
    this.#library.close();
  }
}

/**
 * Returns the result of the first call that succeeds.
 *
 * @throws The error of the first call, if all have failed.
 */
export function firstOf<T>(names: readonly string[], open: (name: string) => T): T {
  let failure: unknown = new Error("Cannot open the C library: it has no name");
  for (const [i, name] of names.entries()) {
    try {
      return open(name);
    } catch (error) {
      if (i === 0) failure = error;
    }
  }
  throw failure;
}
