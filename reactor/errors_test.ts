// In Twisted, `test/test_error.py` tests the messages of the errors and `getConnectError`, which
// maps an errno to a class. The latter is tested in `stream/system_error_test.ts`. Errors
// here have fields in place of Python's `args`.

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { IPv4Address, IPv6Address, ProcessAddress, UNIXAddress } from "./addresses.ts";
import * as errors from "./errors.ts";

const address = new IPv4Address("TCP", "127.0.0.1", 80);
const child = new ProcessAddress("sort", 1234);

/** One instance of each class except the abstract one. */
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
  FileDescriptorOverrun: new errors.FileDescriptorOverrun(3, 1, "/run/socket"),
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

Deno.test("String() of every exported error shows its class name and its message", () => {
  for (const [name, error] of Object.entries(ONE_OF_EACH)) {
    assertInstanceOf(error, Error);
    assertEquals([error.name, error.constructor.name], [name, name]);
    assert(error.message.length > 0);
    assertEquals(String(error), `${name}: ${error.message}`);
  }
});

Deno.test("Every exported error class is tested in this file", () => {
  const classes = Object.keys(errors).filter((name) => name !== "NetworkError");
  assertEquals(Object.keys(ONE_OF_EACH).sort(), classes.sort());
});

Deno.test("NetworkError.name is the class name in a subclass of the application", () => {
  class Overloaded extends errors.ConnectionLost {}
  assertEquals(new Overloaded().name, "Overloaded");
});

Deno.test("Error classes have the same inheritance as Twisted's", () => {
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
    [ONE_OF_EACH.FileDescriptorOverrun, errors.ConnectionAborted],
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

Deno.test("NetworkError has the code, syscall, address and cause of the system's error", () => {
  const cause = new Error("os error 111");
  const details = { code: "ECONNREFUSED", syscall: "connect", address: "127.0.0.1:80", cause };
  const error = new errors.ConnectionRefusedError("refused", details);
  const { code, syscall, address } = error;
  assertEquals({ code, syscall, address, cause: error.cause }, details);
});

Deno.test("NetworkError without details has no own property `cause`", () => {
  const error = new errors.ConnectionLost();
  assert(!Object.hasOwn(error, "cause"));
  assertEquals([error.code, error.syscall, error.address], [undefined, undefined, undefined]);
});

Deno.test("CannotListenError names the address and the reason", () => {
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

Deno.test("WriteBufferExceeded and LingerTimeout name the peer and their numbers", () => {
  const { WriteBufferExceeded: exceeded, LingerTimeout: linger } = ONE_OF_EACH;
  assertEquals([exceeded.buffered, exceeded.limit, linger.unsent], [10, 25, 10]);
  for (const part of ["127.0.0.1:80", "20 bytes", "25 bytes", "10 are in use"]) {
    assert(exceeded.message.includes(part), exceeded.message);
  }
  for (const part of ["127.0.0.1:80", "10 bytes", "30 s"]) {
    assert(linger.message.includes(part), linger.message);
  }
});

Deno.test("ConnectingCancelledError has the destination of the attempt", () => {
  const error = ONE_OF_EACH.ConnectingCancelledError;
  assertEquals([error.destination, error.address], [address, "127.0.0.1:80"]);
});

Deno.test("ProcessDone and ProcessTerminated name the process and have its exit status", () => {
  const fieldsOf = (
    { message, exitCode, signal, status }: errors.ProcessDone | errors.ProcessTerminated,
  ) => [
    message,
    exitCode,
    signal,
    status,
  ];
  assertEquals(fieldsOf(ONE_OF_EACH.ProcessDone), [
    "Process sort (1234) exited with code 0",
    0,
    null,
    0,
  ]);
  assertEquals(fieldsOf(ONE_OF_EACH.ProcessTerminated), [
    "Process sort (1234) exited with code 1",
    1,
    null,
    1,
  ]);
  assertEquals(fieldsOf(new errors.ProcessTerminated(child, 143, "SIGTERM")), [
    "Process sort (1234) was terminated by SIGTERM",
    null,
    "SIGTERM",
    143,
  ]);
  assertEquals(
    ONE_OF_EACH.ProcessExitedAlready.message,
    "Cannot send a signal to the process sort (1234): it has exited",
  );
});

Deno.test("SpawnError names the program and the reason", () => {
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

Deno.test("TLSError escapes control characters and line breaks of a peer's certificate", () => {
  const { message } = new errors.TLSError(
    "handshake",
    "a:1",
    new Error("it is for x\n\x1b[2J\x9b"),
  );
  assertEquals(message, "TLS handshake with a:1 failed: it is for x\\n\\x1b[2J\\x9b");
});
