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
  const system = new SystemCalls(libraryNames());
  const { calls } = system;
  const epollFD = calls.epoll_create1(EPOLL_CLOEXEC);
  const ready = calls.eventfd(1, 0);
  calls.epoll_ctl(epollFD, EPOLL_CTL_ADD, ready, new Int32Array([EPOLLIN, 0, 0, 0]));
  let waits = 0;
  let awake = Promise.withResolvers<number>();
  const idle = new IdleWait(libraryNames(), epollFD, undefined, {
    waitOnThread: () => Promise.resolve(++waits),
    poll: () => -1,
    awake: (count) => awake.resolve(count),
  });
  const counts = new Set<number>();
  for (let i = 1; i <= 502; i++) {
    awake = Promise.withResolvers();
    idle.start();
    counts.add(await awake.promise);
  }
  const hasRing = WakeRing.isAvailable(libraryNames());
  assertEquals([waits, idle.isCheap], hasRing ? [500, true] : [502, false]);
  assertEquals(counts.has(-1), hasRing);
  idle.close();
  for (const fd of [epollFD, ready]) calls.close(fd);
  system.close();
});

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
