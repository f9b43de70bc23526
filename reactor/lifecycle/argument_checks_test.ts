import { assertThrows } from "@std/assert";
import { DatagramProtocol, Factory, ProcessProtocol, Protocol } from "../../protocol/mod.ts";
import { ClientFactory } from "../../protocol/factory.ts";
import { hostileValues } from "../../testing/fixtures/hostile_values.ts";
import {
  checkClientFactory,
  checkDatagramProtocol,
  checkFactory,
  checkProcessProtocol,
  checkProtocol,
} from "./argument_checks.ts";

Deno.test("checkFactory() and the like accept what they name", () => {
  checkFactory("listen", new Factory());
  checkFactory("listen", { buildProtocol: () => null, doStart: () => {}, doStop: () => {} });
  checkClientFactory(new ClientFactory());
  checkProtocol("connect", new Protocol());
  checkDatagramProtocol(new DatagramProtocol());
  checkProcessProtocol(new ProcessProtocol());
});

Deno.test("checkFactory() names what is needed, what came, and how a class becomes a factory", () => {
  const needed = "Cannot listen: the factory must be an object with " +
    "buildProtocol(), doStart(), doStop(); got ";
  for (
    const [value, got] of [
      [
        Protocol,
        "function Protocol: Factory.forProtocol(Protocol) makes a factory, new Protocol() a protocol",
      ],
      [Factory, "function Factory: new Factory() makes one"],
      [new Protocol(), "an object of class Protocol"],
      [() => null, "function (anonymous)"],
      [undefined, "undefined"],
      [null, "null"],
      [8000, "8000"],
    ] as const
  ) assertThrows(() => checkFactory("listen", value), TypeError, needed + got);
});

Deno.test("each check refuses every other value, whatever its properties do", () => {
  const checks = [
    (value: unknown) => checkFactory("listen", value),
    checkClientFactory,
    (value: unknown) => checkProtocol("connect", value),
    checkDatagramProtocol,
    checkProcessProtocol,
  ];
  for (const [, value] of hostileValues()) {
    for (const check of checks) assertThrows(() => check(value), TypeError, "must be an object");
  }
  assertThrows(
    () => checkClientFactory(new Factory()),
    TypeError,
    "got an object of class Factory",
  );
});
