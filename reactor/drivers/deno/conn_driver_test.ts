/**
 * What a driver does with a connection that the test has made. With real ones: the suites of every
 * stream.
 */

import { assertEquals, assertThrows } from "@std/assert";
import { ConnDriver, type StreamConn, TCPConnDriver } from "./conn_driver.ts";
import { errorWithCode } from "./system_error.ts";

/** A connection that takes no options. */
function unsettable(error: Error): Deno.TcpConn {
  const set = () => {
    throw error;
  };
  return { setNoDelay: set, setKeepAlive: set } as unknown as Deno.TcpConn; // nothing else is asked of it
}

Deno.test("Options of a connection that its peer has reset are not set, and nothing is thrown", () => {
  const driver = new TCPConnDriver(unsettable(errorWithCode("EINVAL", "Invalid argument")));
  driver.setNoDelay(true);
  driver.setKeepAlive(true);
});

Deno.test("Any other error of an option is the caller's", () => {
  const driver = new TCPConnDriver(unsettable(errorWithCode("EPERM", "planned")));
  assertThrows(() => driver.setNoDelay(true), Error, "planned");
  assertThrows(() => driver.setKeepAlive(true), Error, "planned");
});

/**
 * A connection whose writes are done when the test says so, a driver over it, and what they did.
 */
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

  /** A write has been done. */
  async written(): Promise<void> {
    this.#written?.(1);
    await Promise.resolve();
  }
}

Deno.test("ConnDriver.close() lets a first write go out, abort() does not", async () => {
  const fixture = new WritingBed();
  fixture.driver.write(new Uint8Array(1));
  fixture.driver.close();
  assertEquals(fixture.events, []);
  await fixture.written();
  assertEquals(fixture.events, ["closed", "released"]);
  fixture.driver.close();
  fixture.driver.abort();
  assertEquals(fixture.events, ["closed", "released"]);

  const other = new WritingBed();
  other.driver.write(new Uint8Array(1));
  other.driver.close();
  other.driver.abort();
  assertEquals(other.events, ["closed"]);
  await other.written();
  assertEquals(other.events, ["closed", "released"]);
});

Deno.test("ConnDriver.close() does not wait for a later write", async () => {
  const fixture = new WritingBed();
  fixture.driver.write(new Uint8Array(1));
  await fixture.written();
  fixture.driver.write(new Uint8Array(1));
  fixture.driver.close();
  assertEquals(fixture.events, ["wrote", "closed"]);
  await fixture.written();
  assertEquals(fixture.events, ["wrote", "closed", "released"]);
});
