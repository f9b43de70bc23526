/**
 * Sockets that were made by libc, unknown to Deno: as a program inherits them, or receives them
 * from another library.
 *
 * @module
 */

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SCM_RIGHTS = 1;
const SO_PASSCRED = 16;
const SO_PASSSEC = 34;
const SO_PASSPIDFD = 76;
const F_GETFD = 1;
const FD_CLOEXEC = 1;

const { symbols: libc } = Deno.dlopen("libc.so.6", {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  listen: { parameters: ["i32", "i32"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  sendmsg: { parameters: ["i32", "buffer", "i32"], result: "isize" },
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  dup: { parameters: ["i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
});

/** Returns the result of a system call. Throws if it failed. */
function checked(call: string, result: number): number {
  if (result < 0) throw new Error(`${call} failed`);
  return result;
}

/** A socket, by its descriptor. */
export class ForeignSocket implements Disposable {
  /** The number of the descriptor. */
  readonly descriptor: number;

  private constructor(descriptor: number) {
    this.descriptor = descriptor;
  }

  static #make(family: number, type: number): ForeignSocket {
    return new ForeignSocket(checked("socket", libc.socket(family, type | SOCK_CLOEXEC, 0)));
  }

  /** Makes a socket that listens on 127.0.0.1, by default on a port that the system chooses. */
  static listenIPv4(port = 0): ForeignSocket {
    return ForeignSocket.#make(AF_INET, SOCK_STREAM).#listen(loopback(port));
  }

  /** Makes a socket that is connected to a port on 127.0.0.1. */
  static connectIPv4(port: number): ForeignSocket {
    return ForeignSocket.#make(AF_INET, SOCK_STREAM).#connect(loopback(port));
  }

  /** Makes a socket that listens on ::1, on a port that the system chooses. */
  static listenIPv6(): ForeignSocket {
    const address = new Uint8Array(28);
    address[0] = AF_INET6;
    address[23] = 1;
    return ForeignSocket.#make(AF_INET6, SOCK_STREAM).#listen(address);
  }

  /** Makes a socket that listens on a path. */
  static listenUNIX(path: string): ForeignSocket {
    return ForeignSocket.#make(AF_UNIX, SOCK_STREAM).#listen(unix(path));
  }

  /** Makes a socket that is connected to a path. */
  static connectUNIX(path: string): ForeignSocket {
    return ForeignSocket.#make(AF_UNIX, SOCK_STREAM).#connect(unix(path));
  }

  /** Makes an unbound socket for datagrams over IPv4. */
  static datagrams(): ForeignSocket {
    return ForeignSocket.#make(AF_INET, SOCK_DGRAM);
  }

  /** The port to which the socket is bound. */
  get port(): number {
    const address = new Uint8Array(28);
    const size = new Uint8Array(Uint32Array.of(address.length).buffer);
    checked("getsockname", libc.getsockname(this.descriptor, address, size));
    return new DataView(address.buffer).getUint16(2);
  }

  /** Returns a second descriptor of the socket, whose receiver owns it. */
  copy(): number {
    return checked("dup", libc.dup(this.descriptor));
  }

  /** Returns a second descriptor of the socket, which child processes inherit. */
  inheritable(): ForeignSocket {
    return new ForeignSocket(this.copy());
  }

  /** Lets the system add its own control data to each message: the sender, its label, its pidfd. */
  receiveSenders(): void {
    const on = new Int32Array([1]);
    // Systems before Linux 6.5 do not have the last option.
    for (const option of [SO_PASSCRED, SO_PASSSEC, SO_PASSPIDFD]) {
      libc.setsockopt(this.descriptor, SOL_SOCKET, option, on, 4);
    }
  }

  /** Sends one byte with file descriptors, all in one message. */
  sendDescriptors(descriptors: number[]): void {
    const pointer = (memory: BufferSource): bigint =>
      Deno.UnsafePointer.value(Deno.UnsafePointer.of(memory));
    const byte = new Uint8Array(new ArrayBuffer(1));
    const pieces = new BigUint64Array([pointer(byte), 1n]);
    const control = new Int32Array(4 + Math.ceil(descriptors.length / 2) * 2);
    control.set([16 + 4 * descriptors.length, 0, SOL_SOCKET, SCM_RIGHTS, ...descriptors]);
    const header = new BigUint64Array([0n, 0n, pointer(pieces), 1n, pointer(control), 0n, 0n]);
    header[5] = BigInt(control.byteLength);
    const bytes = new Uint8Array(header.buffer);
    checked("sendmsg", Number(libc.sendmsg(this.descriptor, bytes, 0)));
  }

  [Symbol.dispose](): void {
    checked("close", libc.close(this.descriptor));
  }

  #connect(address: Uint8Array<ArrayBuffer>): this {
    checked("connect", libc.connect(this.descriptor, address, address.length));
    return this;
  }

  #listen(address: Uint8Array<ArrayBuffer>): this {
    // As service managers do: otherwise, closed connections would keep the address in use.
    const on = new Uint8Array(Uint32Array.of(1).buffer);
    checked("setsockopt", libc.setsockopt(this.descriptor, SOL_SOCKET, SO_REUSEADDR, on, 4));
    checked("bind", libc.bind(this.descriptor, address, address.length));
    checked("listen", libc.listen(this.descriptor, 511));
    return this;
  }
}

/** Returns the system's form of an address on 127.0.0.1. */
function loopback(port: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(AF_INET, 0, port >> 8, port & 255, 127, 0, 0, 1, ...Array(8).fill(0));
}

/** Returns the system's form of a path. */
function unix(path: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(AF_UNIX, 0, ...new TextEncoder().encode(path), 0);
}

/** Returns whether a descriptor is open. */
export function isOpen(descriptor: number): boolean {
  const copy = libc.dup(descriptor);
  if (copy >= 0) libc.close(copy);
  return copy >= 0;
}

/** Returns whether programs that this process starts do not inherit a descriptor. */
export function closesOnExec(descriptor: number): boolean {
  return (checked("fcntl", libc.fcntl(descriptor, F_GETFD, 0)) & FD_CLOEXEC) !== 0;
}

/** Closes a descriptor. */
export function closeDescriptor(descriptor: number): void {
  checked("close", libc.close(descriptor));
}

/** Returns the open descriptors of this process, in order. */
export function openDescriptors(): number[] {
  // The list has the descriptor with which it is read, which is closed again.
  return [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => Number(name)).filter(isOpen)
    .toSorted((a, b) => a - b);
}
