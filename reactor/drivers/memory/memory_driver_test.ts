import { assert, assertEquals } from "@std/assert";
import { Peer } from "../../../testing/fixtures/connection_fixture.ts";
import { CheckedDriver } from "../../../testing/fixtures/checked_driver.ts";
import type { ConnectionLost } from "../../errors.ts";
import { memoryPipe, type MemoryPipeOptions } from "./memory_driver.ts";
import type { StreamDriverSink } from "../../stream/stream_driver.ts";

/**
 * A pipe with one end under a {@linkcode CheckedDriver}, whose events are recorded, and a
 * {@linkcode Peer} at the opposite end.
 */
class Pipe implements StreamDriverSink {
  readonly events: string[] = [];
  readonly chunks: Uint8Array[] = [];
  readonly steps: (() => void)[] = [];
  readonly driver: CheckedDriver;
  readonly peer: Peer;
  reason: ConnectionLost | null = null;

  constructor(options: MemoryPipeOptions = {}) {
    const [end, other] = memoryPipe({ schedule: (step) => this.steps.push(step), ...options });
    this.driver = new CheckedDriver(end);
    this.peer = new Peer(other);
    this.driver.attach(this);
  }

  settle(): void {
    for (let step = this.steps.shift(); step !== undefined; step = this.steps.shift()) step();
    assertEquals(this.driver.violations, []);
  }

  received(chunk: Uint8Array): void {
    this.chunks.push(chunk);
    this.events.push(`received ${new TextDecoder().decode(chunk)}`);
  }

  readEnded(): void {
    this.events.push("read ended");
  }

  wrote(count: number): void {
    this.events.push(`wrote ${count}`);
  }

  writeClosed(): void {
    this.events.push("write closed");
  }

  failed(reason: Error): void {
    this.reason = reason as ConnectionLost; // the driver fails with no other class
    this.events.push("failed");
  }

  released(): void {
    this.events.push("released");
  }
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

Deno.test("MemoryDriver transfers bytes both ways, in chunks of at most chunkSize", () => {
  const pipe = new Pipe({ chunkSize: 3 });
  pipe.driver.startReading();
  pipe.peer.driver.startReading();
  pipe.driver.write(bytes("hello"));
  pipe.peer.send("hi there");
  pipe.settle();
  assertEquals(pipe.peer.text, "hello");
  assertEquals(pipe.events, ["wrote 5", "received hi ", "received the", "received re"]);
});

Deno.test("MemoryDriver.write() accepts the bytes that fit; the next write waits for room", () => {
  const pipe = new Pipe({ capacity: 4 });
  pipe.driver.write(bytes("0123456"));
  pipe.settle();
  assertEquals(pipe.events, ["wrote 4"]);
  pipe.driver.write(bytes("456"));
  pipe.settle();
  assertEquals(pipe.events, ["wrote 4"]);
  pipe.peer.driver.startReading();
  pipe.settle();
  assertEquals(pipe.events, ["wrote 4", "wrote 3"]);
  assertEquals(pipe.peer.text, "0123456");
});

Deno.test("MemoryDriver copies written bytes, and never reuses a delivered chunk", () => {
  const pipe = new Pipe();
  const memory = bytes("before");
  pipe.driver.write(memory);
  pipe.settle();
  memory.fill(0);
  pipe.peer.driver.startReading();
  pipe.settle();
  assertEquals(pipe.peer.text, "before");
});

Deno.test("MemoryDriver.stopReading() lets a pending read deliver one more chunk", () => {
  const pipe = new Pipe({ chunkSize: 1 });
  pipe.driver.startReading();
  pipe.settle();
  pipe.driver.stopReading();
  pipe.peer.send("abc");
  pipe.settle();
  assertEquals(pipe.events, ["received a"]);
  pipe.driver.startReading();
  pipe.settle();
  assertEquals(pipe.events, ["received a", "received b", "received c"]);
});

Deno.test("MemoryDriver.closeWrite() closes one direction after the written bytes", () => {
  const pipe = new Pipe();
  pipe.peer.driver.startReading();
  pipe.driver.startReading();
  pipe.driver.write(bytes("last"));
  pipe.settle();
  pipe.driver.closeWrite();
  pipe.settle();
  assertEquals([pipe.peer.text, pipe.peer.end], ["last", "ended"]);
  pipe.peer.send("reply");
  pipe.settle();
  assertEquals(pipe.events, ["wrote 4", "write closed", "received reply"]);
});

Deno.test("MemoryDriver.close() delivers written bytes, and fails later writes of the peer", () => {
  const pipe = new Pipe();
  pipe.driver.write(bytes("last"));
  pipe.settle();
  pipe.driver.close();
  pipe.settle();
  assertEquals(pipe.events, ["wrote 4", "released"]);
  pipe.peer.driver.startReading();
  pipe.settle();
  assertEquals([pipe.peer.text, pipe.peer.end], ["last", "ended"]);
  pipe.peer.send("hello?");
  pipe.settle();
  assertEquals(pipe.peer.end, "EPIPE");
});

Deno.test("MemoryDriver.close() during a write sends the bytes that fit", () => {
  const pipe = new Pipe({ capacity: 4 });
  pipe.driver.write(bytes("goodbye"));
  pipe.driver.close();
  pipe.peer.driver.startReading();
  pipe.settle();
  assertEquals([pipe.peer.text, pipe.peer.end], ["good", "ended"]);
  assertEquals(pipe.events, ["wrote 4", "released"]);
});

Deno.test("MemoryDriver.close() calls only released(), after pending operations", () => {
  const pipe = new Pipe({ capacity: 1 });
  pipe.driver.startReading();
  pipe.driver.write(bytes("ab"));
  pipe.settle();
  pipe.driver.write(bytes("b"));
  pipe.settle();
  pipe.driver.close();
  assert(!pipe.driver.isReleased);
  pipe.settle();
  assertEquals(pipe.events, ["wrote 1", "released"]);
});

Deno.test("MemoryDriver.abort() drops bytes in flight in both directions, and resets the peer", () => {
  const pipe = new Pipe();
  pipe.driver.write(bytes("lost"));
  pipe.peer.send("lost too");
  pipe.settle();
  pipe.driver.abort();
  pipe.peer.driver.startReading();
  pipe.settle();
  assertEquals([pipe.peer.text, pipe.peer.end], ["", "ECONNRESET"]);
  assertEquals(pipe.events, ["wrote 4", "released"]);
});

Deno.test("MemoryDriver.abort() fails a pending read of the peer with ECONNRESET", () => {
  const pipe = new Pipe();
  pipe.driver.startReading();
  pipe.settle();
  pipe.peer.driver.abort();
  pipe.settle();
  assertEquals(pipe.events, ["failed"]);
  assertEquals([pipe.reason?.code, pipe.reason?.syscall, pipe.reason?.address], [
    "ECONNRESET",
    "read",
    "192.0.2.2:2222",
  ]);
});

Deno.test("MemoryDriver.abort() fails a pending write of the peer", () => {
  const pipe = new Pipe({ capacity: 1 });
  pipe.driver.write(bytes("ab"));
  pipe.settle();
  pipe.driver.write(bytes("b"));
  pipe.peer.driver.abort();
  pipe.settle();
  assertEquals(pipe.events, ["wrote 1", "failed"]);
  assertEquals(pipe.reason?.syscall, "write");
});

Deno.test("memoryPipe() with immediate steps completes a write before write() returns", () => {
  const pipe = new Pipe({ schedule: (step) => step() });
  pipe.peer.driver.startReading();
  pipe.driver.write(bytes("now"));
  assertEquals([pipe.events, pipe.peer.text], [["wrote 3"], "now"]);
  pipe.peer.driver.close();
  pipe.driver.startReading();
  assertEquals(pipe.events, ["wrote 3", "read ended"]);
});

Deno.test("memoryPipe() runs its steps as microtasks by default", async () => {
  const [one, two] = memoryPipe();
  const [peer, other] = [new Peer(one), new Peer(two)];
  two.startReading();
  peer.send("soon");
  assertEquals(other.text, "");
  for (let i = 0; i < 5; i++) await null;
  assertEquals(other.text, "soon");
});

Deno.test("MemoryDriver returns the addresses of both ends", () => {
  const [one, two] = memoryPipe();
  assertEquals([one, two].map((end) => `${end.getHost()} to ${end.getPeer()}`), [
    "192.0.2.1:1111 to 192.0.2.2:2222",
    "192.0.2.2:2222 to 192.0.2.1:1111",
  ]);
  assert(!one.isClosed);
  one.unref();
  one.close();
  assert(one.isClosed);
});
