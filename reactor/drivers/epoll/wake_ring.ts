/**
 * A ring of io_uring(7) that notifies a socket of an epoll event.
 *
 * The ring holds one chain of two requests: wait until the epoll set reports an event, then send a
 * byte. The kernel runs the chain in the waiting thread, so that no other thread has to wake up.
 * The requests never change. To start them again costs one system call.
 *
 * @module
 */

import {
  AF_UNIX,
  EPOLLIN,
  MSG_NOSIGNAL,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
} from "./constants.ts";
import { firstOf } from "./system_calls.ts";

// The C library has no functions for io_uring. The numbers of these system calls are the same on
// x86-64 and aarch64.
const IO_URING_SETUP = 425;
const IO_URING_ENTER = 426;

const SYMBOLS = {
  io_uring_setup: { name: "syscall", parameters: ["i32", "u32", "buffer"], result: "i32" },
  io_uring_enter: {
    name: "syscall",
    parameters: ["i32", "i32", "u32", "u32", "u32", "pointer"],
    result: "i32",
  },
  mmap: { parameters: ["pointer", "usize", "i32", "i32", "i32", "i64"], result: "pointer" },
  munmap: { parameters: ["pointer", "usize"], result: "i32" },
  socketpair: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

type RingLibrary = Deno.DynamicLibrary<typeof SYMBOLS>;

// `struct io_uring_params`, as the numbers of 32-bit integers.
const PARAMS_INTS = 30;
const PARAMS_FLAGS = 2;
const PARAMS_FEATURES = 5;
// The fields of it that contain offsets into the mapping of the queues.
const SQ_TAIL = 11;
const SQ_ARRAY = 16;
const CQ_TAIL = 21;
const CQ_CQES = 25;
/** The kernel interrupts the thread only while it sleeps. Since Linux 5.19. */
const IORING_SETUP_COOP_TASKRUN = 1 << 8;
/** Both queues are in one mapping. */
const IORING_FEAT_SINGLE_MMAP = 1;
const IORING_OFF_SQ_RING = 0n;
const IORING_OFF_SQES = 0x1000_0000n;

// `struct io_uring_sqe`, as offsets of bytes, and `struct io_uring_cqe`.
const SQE_SIZE = 64;
const SQE_OPCODE = 0;
const SQE_FLAGS = 1;
const SQE_FD = 4;
const SQE_ADDRESS = 16;
const SQE_LENGTH = 24;
const SQE_OPERATION_FLAGS = 28;
const IORING_OP_POLL_ADD = 6;
const IORING_OP_SEND = 26;
const IOSQE_IO_LINK = 1 << 2;
const IOSQE_CQE_SKIP_SUCCESS = 1 << 6;
const CQE_SIZE = 16;
const REQUESTS = 2;

const PROT_READ_WRITE = 0x1 | 0x2;
const MAP_SHARED_POPULATE = 0x1 | 0x8000;
const MAP_FAILED = 2n ** 64n - 1n;

/** An open ring, which sends a byte through a pair of sockets when an epoll set has events. */
export class WakeRing {
  readonly #library: RingLibrary;
  readonly #fd: number;
  readonly #queues: Mapping;
  readonly #requests: Mapping;
  /** The end of the pair that the ring writes to. */
  readonly #sender: number;
  /** The end that receives the byte. The caller owns it. */
  readonly receiver: number;
  /** The number of requests so far, of which the kernel is notified. */
  readonly #tail: Int32Array;
  /** The number of failed requests, written by the kernel. */
  readonly #failures: Int32Array;

  /**
   * Opens a ring, and the pair of sockets.
   *
   * @param libraryNames The file names of the C library to try, in order.
   * @param epollFD The epoll set.
   * @returns The ring; `null` if the system has no io_uring or forbids it, as many containers do.
   */
  static open(libraryNames: readonly string[], epollFD: number): WakeRing | null {
    const library = firstOf(libraryNames, (name) => Deno.dlopen(name, SYMBOLS));
    const calls = library.symbols;
    const params = new Int32Array(PARAMS_INTS);
    const fd = setUp(library, params);
    const mappings = fd < 0 ? null : mapRing(library, fd, params);
    const pair = new Int32Array([-1, -1]);
    const type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    if (mappings !== null && calls.socketpair(AF_UNIX, type, 0, pair) === 0) {
      return new WakeRing(library, fd, mappings, params, epollFD, pair);
    }
    for (const mapping of mappings ?? []) unmap(library, mapping);
    if (fd >= 0) calls.close(fd);
    library.close();
    return null;
  }

  /** Takes ownership of the parts that {@linkcode WakeRing.open} has opened. */
  constructor(
    library: RingLibrary,
    fd: number,
    [queues, requests]: readonly [Mapping, Mapping],
    params: Int32Array,
    epollFD: number,
    [sender = -1, receiver = -1]: Int32Array,
  ) {
    this.#library = library;
    this.#fd = fd;
    this.#queues = queues;
    this.#requests = requests;
    this.#sender = sender;
    this.receiver = receiver;
    this.#tail = integers(queues, params, SQ_TAIL, 1);
    this.#failures = integers(queues, params, CQ_TAIL, 1);
    // The submission queue has the numbers of the requests.
    integers(queues, params, SQ_ARRAY, REQUESTS).set([0, 1]);
    writeRequests(requests, epollFD, sender);
  }

  /** Returns whether the system allows such a ring. */
  static isAvailable(libraryNames: readonly string[]): boolean {
    const library = firstOf(libraryNames, (name) => Deno.dlopen(name, SYMBOLS));
    const fd = setUp(library, new Int32Array(PARAMS_INTS));
    if (fd >= 0) library.symbols.close(fd);
    library.close();
    return fd >= 0;
  }

  /**
   * Asks the kernel to send a byte when the epoll set has an event: at once, if it has one now. The
   * last byte must have arrived.
   *
   * @returns Whether the kernel waits. After a failure, the ring must not be used again.
   */
  start(): boolean {
    this.#tail[0] = (this.#tail[0] ?? 0) + REQUESTS | 0;
    const { io_uring_enter } = this.#library.symbols;
    const count = io_uring_enter(IO_URING_ENTER, this.#fd, REQUESTS, 0, 0, null);
    return count === REQUESTS && this.#failures[0] === 0;
  }

  /** Closes the ring, which waits for nothing, and its end of the pair. */
  close(): void {
    unmap(this.#library, this.#requests);
    unmap(this.#library, this.#queues);
    for (const fd of [this.#fd, this.#sender]) this.#library.symbols.close(fd);
    this.#library.close();
  }
}

/** Memory that is shared with the kernel. */
interface Mapping {
  readonly address: Deno.PointerObject;
  readonly bytes: ArrayBuffer;
}

/** Creates a ring. @returns Its descriptor; -1 if the system does not have it or forbids it. */
function setUp(library: RingLibrary, params: Int32Array): number {
  params[PARAMS_FLAGS] = IORING_SETUP_COOP_TASKRUN;
  return library.symbols.io_uring_setup(IO_URING_SETUP, REQUESTS, params);
}

/** Maps the queues and the requests of a ring. */
function mapRing(
  library: RingLibrary,
  fd: number,
  params: Int32Array,
): readonly [Mapping, Mapping] | null {
  if (((params[PARAMS_FEATURES] ?? 0) & IORING_FEAT_SINGLE_MMAP) === 0) return null;
  const [requestCount = 0, completionCount = 0] = params;
  const size = Math.max(
    (params[SQ_ARRAY] ?? 0) + requestCount * Int32Array.BYTES_PER_ELEMENT,
    (params[CQ_CQES] ?? 0) + completionCount * CQE_SIZE,
  );
  const queues = map(library, fd, size, IORING_OFF_SQ_RING);
  const requests = map(library, fd, requestCount * SQE_SIZE, IORING_OFF_SQES);
  if (queues !== null && requests !== null) return [queues, requests];
  for (const mapping of [queues, requests]) if (mapping !== null) unmap(library, mapping);
  return null;
}

function map(library: RingLibrary, fd: number, size: number, offset: bigint): Mapping | null {
  const { mmap } = library.symbols;
  const address = mmap(null, BigInt(size), PROT_READ_WRITE, MAP_SHARED_POPULATE, fd, offset);
  if (address === null || Deno.UnsafePointer.value(address) === MAP_FAILED) return null;
  return { address, bytes: Deno.UnsafePointerView.getArrayBuffer(address, size) };
}

/** Gives memory back to the kernel. Its bytes must not be read or written again. */
function unmap(library: RingLibrary, { address, bytes }: Mapping): void {
  library.symbols.munmap(address, BigInt(bytes.byteLength));
}

/** Returns a field of the queues, whose offset is in the parameters. */
function integers(queues: Mapping, params: Int32Array, field: number, length: number): Int32Array {
  return new Int32Array(queues.bytes, params[field] ?? 0, length);
}

/** Writes the requests, which are linked: the second one starts when the first one has finished. */
function writeRequests(requests: Mapping, epollFD: number, sender: number): void {
  const poll = new DataView(requests.bytes, 0, SQE_SIZE);
  poll.setUint8(SQE_OPCODE, IORING_OP_POLL_ADD);
  poll.setUint8(SQE_FLAGS, IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS);
  poll.setInt32(SQE_FD, epollFD, true);
  poll.setUint32(SQE_OPERATION_FLAGS, EPOLLIN, true);
  const send = new DataView(requests.bytes, SQE_SIZE, SQE_SIZE);
  send.setUint8(SQE_OPCODE, IORING_OP_SEND);
  send.setUint8(SQE_FLAGS, IOSQE_CQE_SKIP_SUCCESS);
  send.setInt32(SQE_FD, sender, true);
  // Any byte will do. This one is in memory that no garbage collector moves or frees.
  send.setBigUint64(SQE_ADDRESS, BigInt(Deno.UnsafePointer.value(requests.address)), true);
  send.setUint32(SQE_LENGTH, 1, true);
  send.setUint32(SQE_OPERATION_FLAGS, MSG_NOSIGNAL, true);
}
