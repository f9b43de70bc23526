/** What a driver does with a connection that the test has made. With real ones: the suites of every stream. */

import { assertThrows } from "@std/assert";
import { TcpConnDriver } from "./conn_driver.ts";
import { errorWithCode } from "./system_error.ts";

/** A connection that takes no options. */
function unsettable(error: Error): Deno.TcpConn {
  const set = () => {
    throw error;
  };
  return { setNoDelay: set, setKeepAlive: set } as unknown as Deno.TcpConn; // nothing else is asked of it
}

Deno.test("Options of a connection that its peer has reset are not set, and nothing is thrown", () => {
  const driver = new TcpConnDriver(unsettable(errorWithCode("EINVAL", "Invalid argument")));
  driver.setNoDelay(true);
  driver.setKeepAlive(true);
});

Deno.test("Any other error of an option is the caller's", () => {
  const driver = new TcpConnDriver(unsettable(errorWithCode("EPERM", "planned")));
  assertThrows(() => driver.setNoDelay(true), Error, "planned");
  assertThrows(() => driver.setKeepAlive(true), Error, "planned");
});
