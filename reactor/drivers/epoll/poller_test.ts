import { assert, assertEquals } from "@std/assert";
import { LoggedErrors } from "../../../testing/logged_errors.ts";
import { AF_UNIX, SOCK_NONBLOCK, SOCK_STREAM } from "./constants.ts";
import { Descriptor } from "./descriptor.ts";
import { Poller } from "./poller.ts";
import { libraryNames } from "./system_calls.ts";

const x = new TextEncoder().encode("x");

/** A descriptor that calls a function for its events. */
class Probe extends Descriptor {
  readonly #onReady: (probe: Probe) => void;

  constructor(poller: Poller, fd: number, onReady: (probe: Probe) => void) {
    super(poller, fd);
    this.#onReady = onReady;
    this.watchIn();
  }

  override ready(): void {
    this.#onReady(this);
  }

  close(released: () => void = () => {}): void {
    this.closeDescriptor({ released });
  }

  pause(): void {
    this.unwatchIn();
  }

  resume(): void {
    this.watchIn();
  }

  detachNow(): number {
    return this.detach();
  }
}

/** Pairs of connected sockets. */
class Pairs implements Disposable {
  readonly #library = Deno.dlopen("libc.so.6", {
    socketpair: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
    send: { parameters: ["i32", "buffer", "i32", "i32"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
  });
  readonly #ends: number[] = [];

  /** Returns a pair: the end to watch, and the one that is closed after the test. */
  open(): [number, number] {
    const pair = new Int32Array(2);
    this.#library.symbols.socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair);
    const [watched = -1, other = -1] = pair;
    this.#ends.push(other);
    return [watched, other];
  }

  /** Makes the other end of a pair readable. */
  send(fd: number): void {
    this.#library.symbols.send(fd, x, x.length, 0);
  }

  [Symbol.dispose](): void {
    for (const end of this.#ends) this.#library.symbols.close(end);
    this.#library.close();
  }
}

Deno.test("Poller drops the event of a descriptor that an earlier event has closed", async () => {
  using pairs = new Pairs();
  const poller = new Poller(libraryNames());
  const [[first, a], [second, b]] = [pairs.open(), pairs.open()];
  const { promise, resolve } = Promise.withResolvers<void>();
  const events: string[] = [];
  const probes: Probe[] = [];
  const handled = (name: string, other: number) => (probe: Probe): void => {
    events.push(name);
    // The other descriptor of the same turn is closed, and its number belongs to a new socket,
    // which is not readable.
    probes[other]?.close();
    const [fd] = pairs.open();
    assertEquals(fd, other === 0 ? first : second);
    probes[other] = new Probe(poller, fd, () => events.push("event of another descriptor"));
    probe.close(resolve);
  };
  probes.push(new Probe(poller, first, handled("first", 1)));
  probes.push(new Probe(poller, second, handled("second", 0)));
  pairs.send(a);
  pairs.send(b);
  await promise;
  await new Promise((resolve) => setImmediate(resolve));
  assertEquals(events.length, 1, events.join());
  await closeAll(probes);
});

Deno.test("Poller stops at an event whose owner closes the last descriptor, and opens again", async () => {
  using pairs = new Pairs();
  const poller = new Poller(libraryNames());
  for (let round = 0; round < 2; round++) {
    const [[first, a], [second, b]] = [pairs.open(), pairs.open()];
    const released: Promise<void>[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    let events = 0;
    const probes: Probe[] = [];
    const closeBoth = (): void => {
      events++;
      released.push(closeAll(probes));
      resolve();
    };
    probes.push(new Probe(poller, first, closeBoth), new Probe(poller, second, closeBoth));
    pairs.send(a);
    pairs.send(b);
    await promise;
    await Promise.all(released);
    assertEquals(events, 1);
  }
});

Deno.test("Poller logs the error of an event, and handles the next ones", async () => {
  using errors = new LoggedErrors();
  using pairs = new Pairs();
  const poller = new Poller(libraryNames());
  const [[first, a], [second, b]] = [pairs.open(), pairs.open()];
  const { promise, resolve } = Promise.withResolvers<void>();
  const failing = new Probe(poller, first, (probe) => {
    probe.close();
    throw new Error("boom");
  });
  const working = new Probe(poller, second, () => resolve());
  pairs.send(a);
  pairs.send(b);
  await promise;
  assertEquals(errors.take().map(({ message }) => message), ["boom"]);
  assert(failing.isClosed);
  await closeAll([working]);
});

Deno.test("Poller looks at a descriptor that is watched only after unref()", async () => {
  using pairs = new Pairs();
  const poller = new Poller(libraryNames());
  const [watched, other] = pairs.open();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const probe = new Probe(poller, watched, () => resolve());
  probe.pause();
  probe.unref();
  probe.resume();
  pairs.send(other);
  // The poller's own timer does not keep the process alive.
  const alive = setTimeout(reject, 10_000, new Error("the event was not reported"));
  await promise;
  clearTimeout(alive);
  await closeAll([probe]);
});

Deno.test("Poller takes turns while the program computes in every turn of Deno's loop", async () => {
  using pairs = new Pairs();
  const poller = new Poller(libraryNames());
  // Nothing is received, so that all of them are reported in each turn.
  const probes = Array.from({ length: 16 }, () => {
    const [watched, other] = pairs.open();
    pairs.send(other);
    return new Probe(poller, watched, () => {});
  });
  const before = poller.turns;
  for (let i = 0; i < 40; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    for (const start = performance.now(); performance.now() - start < 1.5;);
  }
  assert(poller.turns - before >= 10, `${poller.turns - before} turns`);
  await closeAll(probes);
});

Deno.test("Descriptor.fd is -1 when it is closed or detached", async () => {
  using pairs = new Pairs();
  const poller = new Poller(libraryNames());
  const [[first], [second]] = [pairs.open(), pairs.open()];
  const probe = new Probe(poller, first, () => {});
  const detached = new Probe(poller, second, () => {});
  assertEquals([probe.fd, detached.detachNow(), detached.fd], [first, second, -1]);
  const taken = new Probe(poller, second, () => {});
  poller.release(); // for the descriptor that was detached
  await closeAll([probe, taken]);
  assertEquals(probe.fd, -1);
});

/** Closes descriptors, and waits until they are released. */
async function closeAll(probes: Probe[]): Promise<void> {
  await Promise.all(
    probes.filter((probe) => !probe.isClosed).map((probe) =>
      new Promise<void>((resolve) => probe.close(resolve))
    ),
  );
}
