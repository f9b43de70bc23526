/** ConnDriver over scripted connections. The conformance suites of streams use real ones. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { ConnDriver, type StreamConn, TCPConnDriver } from "./conn_driver.ts";
import { errorWithCode } from "../../stream/system_error.ts";

/** A connection whose options cannot be set. */
function unsettable(error: Error): Deno.TcpConn {
  const set = () => {
    throw error;
  };
  return { setNoDelay: set, setKeepAlive: set } as unknown as Deno.TcpConn; // the driver uses no other member
}

Deno.test("TCPConnDriver ignores EINVAL when it sets an option, as for a reset connection on macOS", () => {
  const driver = new TCPConnDriver(unsettable(errorWithCode("EINVAL", "Invalid argument")));
  driver.setNoDelay(true);
  driver.setKeepAlive(true);
});

Deno.test("TCPConnDriver throws errors other than EINVAL when it sets an option", () => {
  const driver = new TCPConnDriver(unsettable(errorWithCode("EPERM", "planned")));
  assertThrows(() => driver.setNoDelay(true), Error, "planned");
  assertThrows(() => driver.setKeepAlive(true), Error, "planned");
});

/** A driver over a connection whose writes complete on demand, and a record of its events. */
class WritingBed {
  readonly events: string[] = [];
  readonly driver: ConnDriver;
  #written: ((count: number) => void) | null = null;

  constructor() {
    const address: Deno.Addr = { transport: "tcp", hostname: "192.0.2.1", port: 1 };
    const conn: StreamConn = {
      localAddr: address,
      remoteAddr: address,
      read: () => Promise.resolve(null),
      write: () => new Promise((resolve) => this.#written = resolve),
      closeWrite: () => Promise.resolve(),
      close: () => this.events.push("closed"),
    };
    this.driver = new ConnDriver(conn);
    this.driver.attach({
      received: () => {},
      readEnded: () => {},
      wrote: () => this.events.push("wrote"),
      writeClosed: () => {},
      failed: () => {},
      released: () => this.events.push("released"),
    });
  }

  /** Completes a write. */
  async written(): Promise<void> {
    this.#written?.(1);
    await Promise.resolve();
  }
}

Deno.test("ConnDriver.close() lets a first write complete; ConnDriver.abort() does not", async () => {
  const fixture = new WritingBed();
  fixture.driver.write(new Uint8Array(1));
  fixture.driver.close();
  assertEquals(fixture.events, []);
  await fixture.written();
  assertEquals(fixture.events, ["wrote", "closed", "released"]);
  fixture.driver.close();
  fixture.driver.abort();
  assertEquals(fixture.events, ["wrote", "closed", "released"]);

  const other = new WritingBed();
  other.driver.write(new Uint8Array(1));
  other.driver.close();
  other.driver.abort();
  assertEquals(other.events, ["closed"]);
  await other.written();
  assertEquals(other.events, ["closed", "wrote", "released"]);
});

Deno.test("ConnDriver.close() does not wait for a write after the first", async () => {
  const fixture = new WritingBed();
  fixture.driver.write(new Uint8Array(1));
  await fixture.written();
  fixture.driver.write(new Uint8Array(1));
  fixture.driver.close();
  assertEquals(fixture.events, ["wrote", "closed"]);
  await fixture.written();
  assertEquals(fixture.events, ["wrote", "closed", "wrote", "released"]);
});

/** A driver over a connection whose reads and writes complete on demand. */
class ReadingBed {
  /** The buffers of the reads. */
  readonly reads: Uint8Array[] = [];
  /** `buffer`, `into N`, `received N`, `wrote`. */
  readonly events: string[] = [];
  readonly borrowed = new Uint8Array(8);
  readonly driver: ConnDriver;
  isClosed = false;
  #read: ((count: number | null) => void) | null = null;
  #written: ((count: number) => void) | null = null;

  constructor(cancelsReads?: boolean) {
    const address: Deno.Addr = { transport: "tcp", hostname: "192.0.2.1", port: 1 };
    const conn: StreamConn = {
      localAddr: address,
      remoteAddr: address,
      read: (buffer) => {
        this.reads.push(buffer);
        return new Promise((resolve) => this.#read = resolve);
      },
      write: () => new Promise((resolve) => this.#written = resolve),
      closeWrite: () => Promise.resolve(),
      close: () => {
        this.isClosed = true;
        this.#read?.(null);
      },
    };
    this.driver = new ConnDriver(conn, cancelsReads);
    this.attach("");
  }

  /** Attaches a sink, whose events begin with a name. */
  attach(name: string): void {
    const note = (event: string): void => void this.events.push(`${name}${event}`);
    this.driver.attach({
      received: (chunk) => note(`received ${chunk.length}`),
      readBuffer: () => {
        note("buffer");
        return this.borrowed;
      },
      receivedInto: (buffer, count) => note(`into ${buffer === this.borrowed} ${count}`),
      readEnded: () => note("ended"),
      wrote: () => note("wrote"),
      writeClosed: () => {},
      failed: () => {},
      released: () => note("released"),
    });
  }

  async read(count: number | null): Promise<void> {
    this.#read?.(count);
    await Promise.resolve();
  }

  async written(): Promise<void> {
    this.#written?.(1);
    await Promise.resolve();
  }
}

Deno.test("ConnDriver reads into the memory of its sink", async () => {
  const fixture = new ReadingBed();
  fixture.driver.startReading();
  await fixture.read(5);
  assert(
    fixture.reads.length === 2 && fixture.reads.every((buffer) => buffer === fixture.borrowed),
  );
  assertEquals(fixture.events, ["buffer", "into true 5", "buffer"]);
});

Deno.test("ConnDriver reports a pending read to the sink that was attached meanwhile", async () => {
  const fixture = new ReadingBed();
  fixture.driver.startReading();
  fixture.attach("TLS ");
  await fixture.read(5);
  assertEquals(fixture.events, ["buffer", "TLS into true 5", "TLS buffer"]);
});

Deno.test("ConnDriver.close() cancels a read into the memory of its sink at once", async () => {
  const fixture = new ReadingBed();
  fixture.driver.startReading();
  fixture.driver.write(new Uint8Array(1));
  fixture.driver.close();
  assert(fixture.isClosed, "the system may still write to the memory");
  await fixture.written();
  assertEquals(fixture.events, ["buffer", "wrote", "released"]);
});

Deno.test("ConnDriver borrows no memory for reads that cannot be cancelled", async () => {
  const fixture = new ReadingBed(false);
  fixture.driver.startReading();
  await fixture.read(5);
  assert(fixture.reads.every((buffer) => buffer !== fixture.borrowed));
  assertEquals(fixture.events, ["received 5"]);
});

Deno.test("ConnDriver reads after its first write, and does not wait for later ones", async () => {
  const fixture = new ReadingBed();
  fixture.driver.write(new Uint8Array(1));
  fixture.driver.startReading();
  assertEquals(fixture.reads.length, 0);
  await fixture.written();
  assertEquals(fixture.reads.length, 1);
  fixture.driver.write(new Uint8Array(1));
  await fixture.read(5);
  assertEquals(fixture.reads.length, 2);
});

Deno.test("ConnDriver that closes after its first write has never read", async () => {
  const fixture = new ReadingBed();
  fixture.driver.write(new Uint8Array(1));
  fixture.driver.startReading();
  fixture.driver.close();
  await fixture.written();
  assertEquals([fixture.reads.length, fixture.events], [0, ["wrote", "released"]]);
});

Deno.test("ConnDriver does not read again after the end of the data", async () => {
  const fixture = new ReadingBed();
  fixture.driver.startReading();
  await fixture.read(null);
  fixture.driver.write(new Uint8Array(1));
  await fixture.written();
  fixture.driver.closeWrite();
  await Promise.resolve();
  assertEquals(fixture.reads.length, 1);
  assertEquals(fixture.events, ["buffer", "ended", "wrote"]);
});
