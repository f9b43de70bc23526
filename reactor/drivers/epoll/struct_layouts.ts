/**
 * The layouts of the system's structures: sizes, and the places of their members, in bytes.
 *
 * The values are those of Linux on x86-64 and aarch64. `struct_layouts_test.ts` compares them with
 * the headers of the machine. All numbers are little-endian. musl declares some lengths with 4
 * bytes and a padding where the GNU library has 8 bytes, which is the same for small numbers.
 *
 * @module
 */

/**
 * `struct epoll_event` of epoll_ctl(2). Only on x86-64, the data follow the events without a
 * padding. The data are two numbers of 4 bytes here.
 */
export const EPOLL_EVENT: { readonly size: number; readonly data: number } =
  Deno.build.arch === "x86_64" ? { size: 12, data: 4 } : { size: 16, data: 8 };

/** `struct iovec` of sendmsg(2): a piece of memory. */
export const IOVEC = { size: 16, base: 0, length: 8 } as const;

/** `struct msghdr` of sendmsg(2). */
export const MSGHDR = {
  size: 56,
  pieces: 16,
  pieceCount: 24,
  control: 32,
  controlSize: 40,
  flags: 48,
} as const;

/** `struct cmsghdr` of cmsg(3). The data follow it, and the next header is aligned to 8 bytes. */
export const CMSGHDR = { size: 16, length: 0, level: 8, type: 12, alignment: 8 } as const;

/** `struct ucred` of unix(7). */
export const UCRED = { size: 12, pid: 0, uid: 4, gid: 8 } as const;

/** `struct addrinfo` of getaddrinfo(3). */
export const ADDRINFO = { size: 48, socketType: 8, addressSize: 16, address: 24 } as const;

/** `struct sockaddr_in` of ip(7). */
export const SOCKADDR_IN = { size: 16, port: 2, address: 4 } as const;

/** `struct sockaddr_in6` of ipv6(7). */
export const SOCKADDR_IN6 = { size: 28, port: 2, address: 8, scope: 24 } as const;

/** `struct sockaddr_un` of unix(7). */
export const SOCKADDR_UN = { size: 110, path: 2 } as const;
