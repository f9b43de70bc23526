// Of Twisted's tests, `test/test_error.py` is about the texts of its errors, made of what they are given; and about `getConnectError`, which
// turns an errno into a class: here that is `deno/system_error_test.ts`. An error has no `args`: what it is made from are its fields.

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { IPv4Address, IPv6Address, ProcessAddress, UNIXAddress } from "./addresses.ts";
import * as errors from "./errors.ts";

const address = new IPv4Address("TCP", "127.0.0.1", 80);
const child = new ProcessAddress("sort", 1234);

/** One of each, but for the abstract one. */
const ONE_OF_EACH = {
  UnsupportedError: new errors.UnsupportedError("Cannot do it"),
  CannotListenError: new errors.CannotListenError(new IPv4Address("TCP", "127.0.0.1", 80), {}),
  ConnectError: new errors.ConnectError("message"),
  ConnectionRefusedError: new errors.ConnectionRefusedError("message"),
  BadFileError: new errors.BadFileError("message"),
  NoRouteError: new errors.NoRouteError("message"),
  DNSLookupError: new errors.DNSLookupError("message"),
  NoProtocol: new errors.NoProtocol("message"),
  UserError: new errors.UserError("message"),
  ConnectTimeoutError: new errors.ConnectTimeoutError("message"),
  ConnectingCancelledError: new errors.ConnectingCancelledError(address),
  NotConnectingError: new errors.NotConnectingError("message"),
  ConnectionClosed: new errors.ConnectionClosed("message"),
  ConnectionDone: new errors.ConnectionDone(),
  ConnectionLost: new errors.ConnectionLost(),
  ConnectionAborted: new errors.ConnectionAborted(),
  WriteBufferExceeded: new errors.WriteBufferExceeded(10, 20, 25, "127.0.0.1:80"),
  LingerTimeout: new errors.LingerTimeout(10, 30, "127.0.0.1:80"),
  ConnectionTimeout: new errors.ConnectionTimeout("idle", 30, "127.0.0.1:80"),
  TLSError: new errors.TLSError("handshake", "127.0.0.1:80", new Error("expired")),
  DrainTimeout: new errors.DrainTimeout(30, "127.0.0.1:80"),
  InvalidAddressError: new errors.InvalidAddressError("example.com", "message"),
  DatagramError: new errors.DatagramError("message"),
  MessageLengthError: new errors.MessageLengthError("message"),
  MulticastJoinError: new errors.MulticastJoinError("message"),
  SpawnError: new errors.SpawnError("sort", {}),
  ProcessDone: new errors.ProcessDone(child),
  ProcessTerminated: new errors.ProcessTerminated(child, 1, null),
  ProcessExitedAlready: new errors.ProcessExitedAlready(child),
  ReactorAlreadyRunning: new errors.ReactorAlreadyRunning(),
  ReactorNotRunning: new errors.ReactorNotRunning(),
  ReactorNotRestartable: new errors.ReactorNotRestartable(),
  ReactorAlreadyInstalledError: new errors.ReactorAlreadyInstalledError(),
  AlreadyCalled: new errors.AlreadyCalled("message"),
  AlreadyCancelled: new errors.AlreadyCancelled("message"),
  AlreadyListened: new errors.AlreadyListened("message"),
};

Deno.test("Every error has the name of its class, a message, and is printed as both", () => {
  for (const [name, error] of Object.entries(ONE_OF_EACH)) {
    assertInstanceOf(error, Error);
    assertEquals([error.name, error.constructor.name], [name, name]);
    assert(error.message.length > 0);
    assertEquals(String(error), `${name}: ${error.message}`);
  }
});

Deno.test("Every class of error is tested here", () => {
  const classes = Object.keys(errors).filter((name) => name !== "NetworkError");
  assertEquals(Object.keys(ONE_OF_EACH).sort(), classes.sort());
});

Deno.test("A subclass of the user's has its own name", () => {
  class Overloaded extends errors.ConnectionLost {}
  assertEquals(new Overloaded().name, "Overloaded");
});

Deno.test("Errors are kinds of one another as Twisted's are", () => {
  const kinds: [Error, new (message: string) => Error][] = [
    [ONE_OF_EACH.ConnectionRefusedError, errors.ConnectError],
    [ONE_OF_EACH.InvalidAddressError, RangeError],
    [ONE_OF_EACH.MessageLengthError, errors.DatagramError],
    [ONE_OF_EACH.MulticastJoinError, errors.DatagramError],
    [ONE_OF_EACH.NoRouteError, errors.ConnectError],
    [ONE_OF_EACH.DNSLookupError, errors.ConnectError],
    [ONE_OF_EACH.UserError, errors.ConnectError],
    [ONE_OF_EACH.ConnectTimeoutError, errors.UserError],
    [ONE_OF_EACH.ConnectionDone, errors.ConnectionClosed],
    [ONE_OF_EACH.ConnectionLost, errors.ConnectionClosed],
    [ONE_OF_EACH.ConnectionAborted, errors.ConnectionLost],
    [ONE_OF_EACH.WriteBufferExceeded, errors.ConnectionAborted],
    [ONE_OF_EACH.LingerTimeout, errors.ConnectionAborted],
    [ONE_OF_EACH.BadFileError, errors.ConnectError],
    [ONE_OF_EACH.TLSError, errors.ConnectionLost],
    [ONE_OF_EACH.ConnectionTimeout, errors.ConnectionAborted],
    [ONE_OF_EACH.DrainTimeout, errors.ConnectionAborted],
    [ONE_OF_EACH.SpawnError, errors.ConnectError],
    [ONE_OF_EACH.ProcessDone, errors.ConnectionDone],
    [ONE_OF_EACH.ProcessTerminated, errors.ConnectionLost],
  ];
  for (const [error, kind] of kinds) assertInstanceOf(error, kind);
  assert(!(ONE_OF_EACH.ConnectionDone instanceof errors.ConnectionLost));
  assert(!(ONE_OF_EACH.ConnectionLost instanceof errors.ConnectionAborted));
});

Deno.test("An error keeps what the system said of it", () => {
  const cause = new Error("os error 111");
  const said = { code: "ECONNREFUSED", syscall: "connect", address: "127.0.0.1:80", cause };
  const error = new errors.ConnectionRefusedError("refused", said);
  const { code, syscall, address } = error;
  assertEquals({ code, syscall, address, cause: error.cause }, said);
});

Deno.test("An error of which the system said nothing has no cause, not an undefined one", () => {
  const error = new errors.ConnectionLost();
  assert(!Object.hasOwn(error, "cause"));
  assertEquals([error.code, error.syscall, error.address], [undefined, undefined, undefined]);
});

Deno.test("CannotListenError names the address and why", () => {
  const cause = new Error("Address already in use");
  const error = new errors.CannotListenError(new IPv4Address("TCP", "127.0.0.1", 80), {
    code: "EADDRINUSE",
    cause,
  });
  assertEquals(error.message, "Cannot listen on 127.0.0.1:80: Address already in use");
  assertEquals([error.interface, error.port, error.address, error.syscall, error.code], [
    "127.0.0.1",
    80,
    "127.0.0.1:80",
    "listen",
    "EADDRINUSE",
  ]);
  assertEquals(
    new errors.CannotListenError(new IPv6Address("TCP", "::1", 80), {}).address,
    "[::1]:80",
  );
  const path = new errors.CannotListenError(new UNIXAddress("/run/a"), {});
  assertEquals([path.interface, path.port, path.address], ["", "/run/a", "/run/a"]);
});

Deno.test("Errors about limits name the numbers", () => {
  const { WriteBufferExceeded: exceeded, LingerTimeout: linger } = ONE_OF_EACH;
  assertEquals([exceeded.buffered, exceeded.limit, linger.unsent], [10, 25, 10]);
  for (const part of ["127.0.0.1:80", "10 unsent", "20 bytes", "25"]) {
    assert(exceeded.message.includes(part), exceeded.message);
  }
  for (const part of ["127.0.0.1:80", "10 bytes", "30 s"]) {
    assert(linger.message.includes(part), linger.message);
  }
});

Deno.test("A cancelled attempt names where it went", () => {
  const error = ONE_OF_EACH.ConnectingCancelledError;
  assertEquals([error.destination, error.address], [address, "127.0.0.1:80"]);
});

Deno.test("The errors of a child process tell which it was, and how it ended", () => {
  const told = (
    { message, exitCode, signal, status }: errors.ProcessDone | errors.ProcessTerminated,
  ) => [
    message,
    exitCode,
    signal,
    status,
  ];
  assertEquals(told(ONE_OF_EACH.ProcessDone), [
    "Process sort (1234) ended with exit code 0",
    0,
    null,
    0,
  ]);
  assertEquals(told(ONE_OF_EACH.ProcessTerminated), [
    "Process sort (1234) ended with exit code 1",
    1,
    null,
    1,
  ]);
  assertEquals(told(new errors.ProcessTerminated(child, 143, "SIGTERM")), [
    "Process sort (1234) ended by SIGTERM",
    null,
    "SIGTERM",
    143,
  ]);
  assertEquals(
    ONE_OF_EACH.ProcessExitedAlready.message,
    "Cannot send a signal to the process sort (1234): it has exited",
  );
});

Deno.test("SpawnError names the program and why", () => {
  const cause = new Error("No such file or directory");
  const error = new errors.SpawnError("sort", { code: "ENOENT", cause });
  assertEquals(error.message, 'Cannot start "sort": No such file or directory');
  assertEquals([error.executable, error.address, error.syscall, error.code, error.cause], [
    "sort",
    "sort",
    "spawn",
    "ENOENT",
    cause,
  ]);
});

Deno.test("TLSError shows the control characters of a peer's certificate, and stays on one line", () => {
  const { message } = new errors.TLSError(
    "handshake",
    "a:1",
    new Error("it is for x\n\x1b[2J\x9b"),
  );
  assertEquals(message, "TLS handshake with a:1 failed: it is for x\\n\\x1b[2J\\x9b");
});
