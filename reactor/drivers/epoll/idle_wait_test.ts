// The wait of an idle reactor: with io_uring, and without it where the system refuses.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { transferTests } from "../../../testing/conformance/stream_transfer.ts";
import { tcpTransport } from "../../../testing/conformance/tcp_transport.ts";
import {
  type Fault,
  type Faults,
  type FaultyFunction,
  FaultyLibrary,
} from "../../../testing/fixtures/faulty_libc.ts";
import { pollCalls, turns, untilIdle } from "../../../testing/fixtures/idle_poller.ts";
import { type TCPFixture, tcpTest } from "../../../testing/fixtures/tcp_fixture.ts";
import { LoggedErrors } from "../../../testing/logged_errors.ts";
import { Wires } from "../../../testing/fixtures/wire.ts";
import { UnsupportedError } from "../../errors.ts";
import { EPOLL_CLOEXEC, EPOLL_CTL_ADD, EPOLLIN } from "./constants.ts";
import { IdleWait } from "./idle_wait.ts";
import { EpollReactor } from "./reactor.ts";
import { libraryNames, SystemCalls } from "./system_calls.ts";
import { WakeRing } from "./wake_ring.ts";

const [EPERM, EAGAIN, ENOMEM, EMFILE, ENOSYS] = [1, 11, 12, 24, 38];

if (WakeRing.isAvailable(libraryNames())) {
  const makeReactor = () => new EpollReactor({ ioUring: true });
  transferTests(tcpTransport("EpollReactor with io_uring", makeReactor));
  const library = FaultyLibrary.compile();
  if (library !== null) testsWith(library);
} else {
  console.log("The tests with io_uring are left out: the system forbids it.");
}

Deno.test("IdleWait uses io_uring after 500 waits of a thread", async () => {
  const waits = new Waits(undefined);
  const counts = await waits.take(502);
  const hasRing = WakeRing.isAvailable(libraryNames());
  assertEquals(waits.onThread, hasRing ? 500 : 502);
  assertEquals(counts.filter((count) => count === WITHOUT_THREAD).length, hasRing ? 2 : 0);
  waits.close();
});

Deno.test("IdleWait.mayNap is false after three long waits, until one is short or skipped", async () => {
  const waits = new Waits(false);
  const mayNap: boolean[] = [];
  for (const duration of [0, 0, 0, 2, 1.1, 0.9, 2, 2, 2]) {
    waits.duration = duration;
    await waits.take(1);
    mayNap.push(waits.idle.mayNap);
  }
  assertEquals(mayNap, [true, true, false, false, false, true, true, true, false]);
  waits.idle.skipped();
  assertEquals(waits.idle.mayNap, true);
  waits.close();
});

Deno.test("IdleWait never uses io_uring with false", async () => {
  const waits = new Waits(false);
  await waits.take(502);
  assertEquals(waits.onThread, 502);
  waits.close();
});

Deno.test("IdleWait leaves threads to others: the seventeenth reactor waits without one", async () => {
  const blocked = Array.from({ length: 16 }, () => new Waits(false));
  const pending = blocked.map((waits) => waits.block());
  const waits = new Waits(false);
  assertEquals(await waits.take(2), [WITHOUT_THREAD, WITHOUT_THREAD]);
  assertEquals(waits.onThread, 0);
  const undecided = new Waits(undefined);
  assertEquals(await undecided.take(1), [WITHOUT_THREAD]);
  assertEquals(undecided.onThread, 0);
  blocked.forEach((each) => each.unblock());
  await Promise.all(pending);
  await waits.take(1);
  assertEquals(waits.onThread, 1);
  for (const each of [...blocked, waits, undecided]) each.close();
});

Deno.test("IdleWait logs that Deno cannot watch its socket, and waits in a thread", async () => {
  using errors = new LoggedErrors();
  const waits = new Waits(true);
  const { getBuiltinModule } = process;
  process.getBuiltinModule = () => {
    throw new Error("no module");
  };
  try {
    await waits.take(1);
  } finally {
    process.getBuiltinModule = getBuiltinModule;
  }
  await waits.take(1);
  assertEquals(waits.onThread, 2);
  const messages = errors.take().map(({ message }) => message);
  assertEquals(messages, WakeRing.isAvailable(libraryNames()) ? ["no module"] : []);
  waits.close();
});

Deno.test("IdleWait logs that the C library cannot be opened, and waits in a thread", async () => {
  using errors = new LoggedErrors();
  const waits = new Waits(true, ["libnowhere.so"]);
  await waits.take(2);
  assertEquals(waits.onThread, 2);
  assertEquals(errors.take().length, 1);
  waits.close();
});

/** The number of events that is reported after a wait without a thread. */
const WITHOUT_THREAD = -1;

/** Waits for an epoll set that always has an event. */
class Waits {
  /** The number of waits of a thread so far. */
  onThread = 0;
  /** The duration of the waits in milliseconds. */
  duration = 0;
  #blocked: PromiseWithResolvers<number> | null = null;
  readonly idle: IdleWait;
  readonly #system = new SystemCalls(libraryNames());
  readonly #fds: number[];
  #time = 0;
  #awake = Promise.withResolvers<number>();

  constructor(usesRing: boolean | undefined, names: readonly string[] = libraryNames()) {
    const { calls } = this.#system;
    const epollFD = calls.epoll_create1(EPOLL_CLOEXEC);
    const ready = calls.eventfd(1, 0);
    calls.epoll_ctl(epollFD, EPOLL_CTL_ADD, ready, new Int32Array([EPOLLIN, 0, 0, 0]));
    this.#fds = [epollFD, ready];
    this.idle = new IdleWait(names, epollFD, usesRing, {
      waitOnThread: () => {
        this.#time += this.duration;
        this.onThread++;
        return this.#blocked?.promise ?? Promise.resolve(this.onThread);
      },
      now: () => this.#time,
      poll: () => WITHOUT_THREAD,
      awake: (count) => this.#awake.resolve(count),
    });
  }

  /** Waits a number of times. Returns the reported numbers of events. */
  async take(count: number): Promise<number[]> {
    const counts: number[] = [];
    for (let i = 0; i < count; i++) {
      this.#awake = Promise.withResolvers();
      this.idle.start();
      counts.push(await this.#awake.promise);
    }
    return counts;
  }

  /** Starts a wait of a thread that takes until {@linkcode unblock}. */
  async block(): Promise<void> {
    this.#blocked = Promise.withResolvers();
    await this.take(1);
    this.#blocked = null;
  }

  unblock(): void {
    this.#blocked?.resolve(1);
  }

  close(): void {
    this.idle.close();
    for (const fd of this.#fds) this.#system.calls.close(fd);
    this.#system.close();
  }
}

function testsWith(library: FaultyLibrary): void {
  const makeReactor = () => new EpollReactor({ library: library.path, ioUring: true });

  /** Defines a test with faults, and checks the descriptors after it. */
  const faultTest = (claim: string, f: (fixture: TCPFixture, faults: Faults) => Promise<void>) => {
    Deno.test(`EpollReactor with io_uring ${claim}`, async (context) => {
      using faults = library.open();
      const definition = tcpTest("EpollReactor", makeReactor);
      await definition(claim, (fixture) => f(fixture, faults)).fn(context);
    });
  };

  /** Sends messages to an echo server, each after the reactor has become idle. */
  const echo = async (fixture: TCPFixture, faults: Faults, messages: number) => {
    const server = new Wires({ dataReceived: (wire, data) => void wire.transport.write(data) });
    const port = fixture.listen(server);
    fixture.run();
    const peer = await fixture.rawConnect(port.port);
    for (let i = 0; i < messages; i++) {
      await untilIdle(faults);
      await peer.send("x");
      assertEquals(await peer.readText(1), "x");
    }
    await untilIdle(faults);
  };

  faultTest("makes no call while it is idle, and one to wait", async (fixture, faults) => {
    await echo(fixture, faults, 1);
    const before = faults.calls("io_uring_enter");
    await echo(fixture, faults, 20);
    const waits = faults.calls("io_uring_enter") - before;
    assert(waits >= 20 && waits <= 30, `${waits} waits`);
    const idle = pollCalls(faults);
    await turns(100);
    assertEquals(pollCalls(faults), idle);
  });

  const refusals: [FaultyFunction, Fault][] = [
    ["io_uring_setup", { errno: EMFILE, skip: 1 }],
    ["mmap", { errno: ENOMEM }],
    ["mmap", { errno: ENOMEM, skip: 1 }],
    ["socketpair", { errno: EMFILE }],
    ["io_uring_enter", { errno: EAGAIN }],
    ["io_uring_enter", { errno: ENOMEM, skip: 2 }],
  ];
  for (const [name, fault] of refusals) {
    const when = `call ${(fault.skip ?? 0) + 1} of ${name} fails`;
    Deno.test(`EpollReactor waits in a thread from when ${when} on`, async (context) => {
      using faults = library.open();
      faults.plan(name, fault);
      const definition = tcpTest("EpollReactor", makeReactor);
      await definition(when, async (fixture) => {
        await echo(fixture, faults, 5);
        assertEquals(faults.hits(name), 1);
        const calls = faults.calls(name);
        await echo(fixture, faults, 2);
        assertEquals(faults.calls(name), calls);
      }).fn(context);
    });
  }

  for (const errno of [EPERM, ENOSYS]) {
    Deno.test(`EpollReactor throws UnsupportedError if io_uring fails with errno ${errno}`, () => {
      using faults = library.open();
      faults.plan("io_uring_setup", { errno });
      assertThrows(makeReactor, UnsupportedError, "Cannot create an EpollReactor: the system");
      assertEquals(faults.hits("io_uring_setup"), 1);
    });
  }
}
