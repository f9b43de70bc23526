import { assertEquals } from "@std/assert";
import { makeWorld } from "../fixtures/simulated_ends.ts";
import { FaultSource } from "./fault_source.ts";
import { Machine, type MachineNetwork } from "./machine.ts";
import { RandomStream } from "../random_stream.ts";
import { Schedule } from "./schedule.ts";
import { Link } from "./link.ts";
import { Trace } from "./trace.ts";

function makeMachine(addresses: readonly string[] = ["10.0.0.1", "fd00::1"]): Machine {
  const schedule = new Schedule();
  const source = new FaultSource(new RandomStream("1"), null, () => {});
  const network: MachineNetwork = {
    schedule,
    trace: new Trace(false),
    entered: () => {},
    machineAt: () => null,
    link: () => new Link(schedule, source.site("link"), null, () => new RandomStream("link")),
    machines: () => [],
  };
  return new Machine("host", addresses, source.site("host"), network);
}

Deno.test("Machine.hasAddress() holds for its addresses in any notation, loopback and wildcards", () => {
  const machine = makeMachine();
  const own = [
    "10.0.0.1",
    "fd00::1",
    "FD00:0::1",
    "127.0.0.1",
    "127.9.9.9",
    "::1",
    "0.0.0.0",
    "::",
  ];
  assertEquals(own.filter((host) => !machine.hasAddress(host)), []);
  assertEquals(["::ffff:10.0.0.1", "10.0.0.2", "fd00::2"].map((host) => machine.hasAddress(host)), [
    true,
    false,
    false,
  ]);
});

Deno.test("Machine.sourceFor() is the address of the same family, of the destination or of the host", () => {
  const machine = makeMachine();
  const sources = [
    "10.0.0.9",
    "fd00::9",
    "127.0.0.1",
    "::1",
    "0.0.0.0",
    "10.0.0.1",
    "::ffff:10.0.0.9",
  ]
    .map((to) => machine.sourceFor(to));
  assertEquals(sources, [
    "10.0.0.1",
    "fd00::1",
    "127.0.0.1",
    "::1",
    "127.0.0.1",
    "10.0.0.1",
    "10.0.0.1",
  ]);
  assertEquals(makeMachine(["10.0.0.1"]).sourceFor("fd00::9"), null);
});

Deno.test("Machine.freePort() takes the ports in turn, and returns null when all are in use", () => {
  const machine = makeMachine();
  assertEquals([1, 2].map(() => machine.freePort(() => false)), [49152, 49153]);
  assertEquals(machine.freePort((port) => port !== 49152), 49152);
  assertEquals(machine.freePort(() => true), null);
});

Deno.test("Machine.crash() ends the process and all sockets, but the files of UNIX sockets stay", () => {
  const machine = makeMachine();
  const { process, boot } = machine;
  machine.socketFiles.add("/run/x");
  machine.localEnds.take("10.0.0.1", 0, () => false);
  machine.crash(true);
  assertEquals([machine.isUp, process.isAlive, boot.isOver, boot.lostFlight], [
    false,
    false,
    true,
    true,
  ]);
  assertEquals([machine.localEnds.size, [...machine.socketFiles]], [0, ["/run/x"]]);
  machine.start();
  assertEquals([machine.isUp, machine.process.isAlive, machine.boot.isOver], [true, true, false]);
});

Deno.test("Machine.start() continues the local ports, which peers may still have in connections", () => {
  const machine = makeMachine();
  const take = () => machine.localEnds.take("10.0.0.1", 0, () => false);
  const first = take();
  machine.crash(false);
  machine.start();
  const second = take();
  machine.kill();
  machine.start();
  assertEquals([second - first, take() - first], [1, 2]);
});

Deno.test("Machine.kill() ends the process, and the machine runs on", () => {
  const machine = makeMachine();
  const { boot, process } = machine;
  machine.kill();
  assertEquals([machine.isUp, process.isAlive], [true, false]);
  machine.start();
  assertEquals([machine.boot === boot, machine.process === process], [true, false]);
});

Deno.test("Machine.listenerAt() finds the closest socket, and no socket of a closed listener", () => {
  const { bob } = makeWorld();
  const acceptor = bob.sockets.bindTCP("::", 80, 1, {});
  const own = bob.sockets.bindTCP("127.0.0.1", 81, 1, {});
  assertEquals([acceptor.address.port, own.address.port], [80, 81]);
  acceptor.close();
  bob.sockets.bindTCP("0.0.0.0", 80, 1, {});
});
