import { assertEquals, assertStrictEquals } from "@std/assert";
import { codeOf } from "../../internal/foreign_value.ts";
import { IPv4Address, IPv6Address } from "../addresses.ts";
import { type ConnectError, NetworkError } from "../errors.ts";
import { cannotListen, connectError, connectionLost } from "./system_error.ts";

/** An error in the form of Deno's. */
function systemError(message: string, code?: string): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}

/** The properties of an error that a program may use. */
function shown({ name, message, code, syscall, address }: NetworkError): unknown[] {
  return [name, message, code, syscall, address];
}

Deno.test("connectError() chooses Twisted's error class for the system's code", () => {
  const classes: [string | undefined, string][] = [
    ["ECONNREFUSED", "ConnectionRefusedError"],
    ["ENETUNREACH", "NoRouteError"],
    ["EHOSTUNREACH", "NoRouteError"],
    ["ETIMEDOUT", "ConnectTimeoutError"],
    ["ECONNRESET", "ConnectError"],
    ["EACCES", "ConnectError"],
    [undefined, "ConnectError"],
  ];
  for (const [code, name] of classes) {
    const cause = systemError("It went wrong (os error 1)", code);
    const error: ConnectError = connectError(new IPv4Address("TCP", "192.0.2.1", 80), cause);
    assertEquals(shown(error), [
      name,
      "Cannot connect to 192.0.2.1:80: It went wrong (os error 1)",
      code,
      "connect",
      "192.0.2.1:80",
    ]);
    assertStrictEquals(error.cause, cause);
  }
});

Deno.test("cannotListen() names the address, with IPv6 in brackets", () => {
  const cause = systemError("Address already in use (os error 98)", "EADDRINUSE");
  assertEquals(shown(cannotListen(new IPv4Address("TCP", "127.0.0.1", 2000), cause)), [
    "CannotListenError",
    "Cannot listen on 127.0.0.1:2000: Address already in use (os error 98)",
    "EADDRINUSE",
    "listen",
    "127.0.0.1:2000",
  ]);
  const error = cannotListen(new IPv6Address("TCP", "::1", 2000), cause);
  assertEquals([error.address, error.interface, error.port], ["[::1]:2000", "::1", 2000]);
  assertStrictEquals(error.cause, cause);
});

Deno.test("connectionLost() names the system call and the peer", () => {
  const cause = systemError("Broken pipe (os error 32)", "EPIPE");
  const error = connectionLost("write", new IPv4Address("TCP", "192.0.2.1", 80), cause);
  assertEquals(shown(error), [
    "ConnectionLost",
    "Connection to 192.0.2.1:80 was lost: Broken pipe (os error 32)",
    "EPIPE",
    "write",
    "192.0.2.1:80",
  ]);
});

Deno.test("codeOf() returns undefined for a value without a code", () => {
  assertEquals([codeOf(new Error("x")), codeOf("ECONNREFUSED"), codeOf(null)], [
    undefined,
    undefined,
    undefined,
  ]);
  assertEquals(codeOf(Object.assign(new Error("x"), { code: 5 })), undefined);
});

Deno.test("connectionLost() quotes a thrown value that is not an Error", () => {
  const error = connectError(new IPv4Address("TCP", "192.0.2.1", 80), "the line is dead");
  assertEquals(error.message, "Cannot connect to 192.0.2.1:80: the line is dead");
  assertEquals(error.cause, "the line is dead");
  assertEquals(error instanceof NetworkError, true);
});
