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

Deno.test("checkFactory() and the other argument checks accept valid objects", () => {
  checkFactory("listen", new Factory());
  checkFactory("listen", { buildProtocol: () => null, doStart: () => {}, doStop: () => {} });
  checkClientFactory(new ClientFactory());
  checkProtocol("connect", new Protocol());
  checkDatagramProtocol(new DatagramProtocol());
  checkProcessProtocol(new ProcessProtocol());
});

Deno.test("checkFactory() errors name the value and required methods, with advice for a class", () => {
  const needed = "Cannot listen: the factory must be an object with " +
    "buildProtocol(), doStart(), doStop(); got ";
  for (
    const [value, got] of [
      [
        Protocol,
        "function Protocol: use Factory.forProtocol(Protocol) for a factory, new Protocol() for a protocol",
      ],
      [Factory, "function Factory: use new Factory()"],
      [new Protocol(), "an object of class Protocol"],
      [() => null, "function (anonymous)"],
      [undefined, "undefined"],
      [null, "null"],
      [8000, "8000"],
    ] as const
  ) assertThrows(() => checkFactory("listen", value), TypeError, needed + got);
});

Deno.test("checkFactory() and the other argument checks throw for invalid values", () => {
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
