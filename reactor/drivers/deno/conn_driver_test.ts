/** ConnDriver over scripted connections. The conformance suites of streams use real ones. */

import { assertEquals, assertThrows } from "@std/assert";
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

Deno.test("ConnDriver.close() does not wait for a write after the first", async () => {
  const fixture = new WritingBed();
  fixture.driver.write(new Uint8Array(1));
  await fixture.written();
  fixture.driver.write(new Uint8Array(1));
  fixture.driver.close();
  assertEquals(fixture.events, ["wrote", "closed"]);
  await fixture.written();
  assertEquals(fixture.events, ["wrote", "closed", "released"]);
});
