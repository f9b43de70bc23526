/**
 * Twisted's `test/test_policies.py`, `LoggingFactoryTests`: all tests are here. The files are
 * opened by a function that the program passes in, because the library does not use the file
 * system.
 */

import { assertEquals, assertThrows } from "@std/assert";
import { addObserver } from "../../log/mod.ts";
import { IPv4Address } from "../../reactor/addresses.ts";
import { LoggedErrors } from "../../testing/fixtures/logged_errors.ts";
import { StringTransportWithDisconnection } from "../../testing/mod.ts";
import {
  Factory,
  Protocol,
  SpewingFactory,
  type TrafficLog,
  TrafficLoggingFactory,
  type TrafficLoggingFactoryOptions,
  type TrafficLoggingProtocol,
} from "../mod.ts";

const PEER = new IPv4Address("TCP", "1.2.3.4", 5678);
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

class Echo extends Protocol {
  override dataReceived(data: Uint8Array): void {
    const text = new TextDecoder().decode(data);
    if (text.includes("vector!")) this.transport.writeSequence([data, "!"]);
    else this.transport.write(data);
  }
}

/** Files in memory. */
class Files {
  readonly texts = new Map<string, string>();
  readonly closed: string[] = [];

  open(name: string): TrafficLog {
    this.texts.set(name, "");
    return {
      writeSync: (data): number => {
        this.texts.set(name, this.texts.get(name) + new TextDecoder().decode(data));
        return data.length;
      },
      close: () => void this.closed.push(name),
    };
  }
}

function connected(options: TrafficLoggingFactoryOptions): {
  wrapper: TrafficLoggingProtocol<Echo>;
  transport: StringTransportWithDisconnection;
} {
  const factory = new TrafficLoggingFactory(Factory.forProtocol(Echo), "test", options);
  const wrapper = factory.buildProtocol(PEER);
  if (wrapper === null) throw new Error("The connection was refused");
  const transport = new StringTransportWithDisconnection({ protocol: wrapper });
  wrapper.makeConnection(transport);
  return { wrapper, transport };
}

Deno.test("TrafficLoggingFactory logs what is sent and received, and the end", () => {
  const files = new Files();
  const { wrapper, transport } = connected({ open: (name) => files.open(name) });
  wrapper.dataReceived(bytes('here are some "bytes"\r\n'));
  wrapper.dataReceived(bytes("prepare for vector!"));
  wrapper.loseConnection();
  assertEquals(transport.text(), 'here are some "bytes"\r\nprepare for vector!!');
  assertEquals([...files.texts.keys()], ["test-1"]);
  assertEquals(files.texts.get("test-1")?.split("\n"), [
    "*",
    'C 1: "here are some \\"bytes\\"\\r\\n"',
    'S 1: "here are some \\"bytes\\"\\r\\n"',
    'C 1: "prepare for vector!"',
    'SV 1: ["prepare for vector!", "!"]',
    "S 1: *",
    "C 1: ConnectionDone: Connection was closed cleanly",
    "",
  ]);
  assertEquals(files.closed, ["test-1"]);
});

Deno.test("TrafficLoggingFactory opens a file for each connection, numbered from 1", () => {
  const files = new Files();
  const factory = new TrafficLoggingFactory(Factory.forProtocol(Echo), "test", {
    open: (name) => files.open(name),
  });
  const numbers = [1, 2].map(() => factory.buildProtocol(PEER)?.number);
  assertEquals([numbers, [...files.texts.keys()]], [[1, 2], ["test-1", "test-2"]]);
  factory.resetCounter();
  assertEquals(factory.buildProtocol(PEER)?.number, 1);
});

Deno.test("TrafficLoggingFactory opens no file for a connection that is refused", () => {
  const refusing = Object.assign(new Factory<Echo>(), { buildProtocol: () => null });
  const files = new Files();
  const factory = new TrafficLoggingFactory(refusing, "test", { open: (name) => files.open(name) });
  assertEquals([factory.buildProtocol(PEER), files.texts.size], [null, 0]);
});

Deno.test("TrafficLoggingFactory elides the rest of chunks above lengthLimit", () => {
  const files = new Files();
  const { wrapper } = connected({ open: (name) => files.open(name), lengthLimit: 16 });
  wrapper.dataReceived(bytes("sixteen bytes..."));
  wrapper.dataReceived(bytes("seventeen bytes.."));
  const lines = files.texts.get("test-1")?.split("\n").filter((line) => line.startsWith("C"));
  assertEquals(lines, ['C 1: "sixteen bytes..."', 'C 1: "seve<... elided>"']);
});

Deno.test("TrafficLoggingFactory writes to the log without open()", () => {
  const lines: string[] = [];
  using _observing = addObserver(({ message }) => lines.push(String(message)), { replay: false });
  const { wrapper } = connected({});
  wrapper.write("hello");
  assertEquals(lines, ["test-1: *", 'test-1: S 1: "hello"']);
});

Deno.test("TrafficLoggingFactory keeps the connection when the file cannot be written", () => {
  using errors = new LoggedErrors();
  const full: TrafficLog = {
    writeSync: () => {
      throw new Error("disk full");
    },
    close: () => {
      throw new Error("not closed");
    },
  };
  const { wrapper, transport } = connected({ open: () => full });
  wrapper.write("hello");
  wrapper.loseConnection();
  assertEquals([transport.text(), transport.connected], ["hello", false]);
  assertEquals(errors.takeEvents().map(({ why }) => why), [
    "Error while calling writeSync of the traffic log of connection 1",
    "Error while calling close of the traffic log of connection 1",
  ]);
});

Deno.test("TrafficLoggingFactory throws for wrong arguments, at once", () => {
  const inner = Factory.forProtocol(Echo);
  const { wrapper } = connected({});
  // @ts-expect-error: a number cannot be written
  assertThrows(() => wrapper.write(5), TypeError, "write() data must be a Uint8Array or a string");
  assertThrows(
    // @ts-expect-error: a number cannot be written
    () => wrapper.writeSequence(["a", 5]),
    TypeError,
    "writeSequence() data must be",
  );
  assertThrows(
    () => new TrafficLoggingFactory(inner, "test", { lengthLimit: -1 }),
    RangeError,
    "lengthLimit must be an integer from 0",
  );
});

Deno.test("SpewingFactory logs everything that is sent and received", () => {
  const lines: string[] = [];
  using _observing = addObserver(({ message }) => lines.push(String(message)), { replay: false });
  const factory = new SpewingFactory(Factory.forProtocol(Echo), { lengthLimit: 20 });
  const wrapper = factory.buildProtocol(PEER);
  const transport = new StringTransportWithDisconnection({ protocol: wrapper });
  wrapper?.makeConnection(transport);
  wrapper?.dataReceived(Uint8Array.of(0, 9, 0x5c, 0x7f, 0xff));
  wrapper?.dataReceived(bytes("a vector!"));
  wrapper?.write("a very long chunk of text");
  assertEquals(lines, [
    'Received: "\\x00\\t\\\\\\x7f\\xff"',
    'Sending: "\\x00\\t\\\\\\x7f\\xff"',
    'Received: "a vector!"',
    'Sending: "a vector!"',
    'Sending: "!"',
    'Sending: "a very l<... elided>"',
  ]);
  assertEquals(transport.value().length, 5 + 10 + 25);
});
