/**
 * The methods of a process protocol, over pipes in memory.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { callWithSystem, msg } from "../../log/mod.ts";
import { ProcessProtocol } from "../../protocol/mod.ts";
import { ProcessRelay } from "../../endpoints/process_relay.ts";
import { Peer, TestHost } from "../fixtures/connection_fixture.ts";
import { connectionLimits } from "../../reactor/stream/connection_limits.ts";
import { memoryPipe } from "../../reactor/drivers/memory/memory_driver.ts";
import type { IProcessProtocol } from "../../reactor/interfaces/mod.ts";
import type { ChildStatus } from "../../reactor/process/child_driver.ts";
import { ChildProcess } from "../../reactor/process/child_process.ts";
import type { Case, Hook } from "./hook.ts";
import { Subject } from "./protocol_hooks.ts";

/** Starts a child that writes to both outputs, closes its pipes and exits. */
async function runChild(subject: IProcessProtocol): Promise<void> {
  const host = new TestHost();
  const pipes = [0, 1, 2].map((childFD) => {
    const [driver, there] = memoryPipe({ schedule: (step) => host.steps.push(step) });
    return { childFD, isWritable: childFD === 0, driver, peer: new Peer(there) };
  });
  let exited: (status: ChildStatus) => void = () => {};
  let ends = 0;
  const ended = subject.processEnded;
  const protocol = Object.assign(subject, {
    processEnded: (reason: Error) => {
      ends++;
      return ended.call(subject, reason);
    },
  });
  const child = new ChildProcess(
    host,
    connectionLimits({ linger: Infinity }),
    protocol,
    "program",
    {
      pid: 1234,
      pipes,
      attach: (callback) => exited = callback,
      kill: () => true,
      ref: () => {},
      unref: () => {},
    },
  );
  child.open();
  host.settle();
  // Makes the log call the protocol's logPrefix().
  callWithSystem(child, () => msg("something"));
  for (const { childFD, peer } of pipes) if (childFD > 0) peer.send("output");
  host.settle();
  await null;
  host.settle();
  for (const { peer } of pipes) peer.driver.close();
  host.settle();
  exited({ code: 0, signal: null });
  host.settle();
  await null;
  assertEquals(ends, 1, "processEnded was not called exactly once");
  assertEquals(host.resources.size, 0, "a resource is still open");
  assertEquals(host.reactor.getDelayedCalls(), [], "a timed call is still scheduled");
}

function processHook(
  method: keyof ProcessProtocol & string,
  documented: readonly string[],
  options: Partial<Hook> = {},
): Hook {
  return {
    name: method,
    where: "of a process protocol",
    documented,
    run: (test) => runChild(Object.assign(new ProcessProtocol(), { [method]: test.act })),
    ...options,
  };
}

function calledBy(caller: string, method: keyof ProcessProtocol & string): Hook {
  return processHook(method, [`ProcessProtocol.${method}`], { calledBy: caller });
}

/** A method of a protocol for connections, which a `ProcessEndpoint` has connected to a process. */
function connectionHook(method: string, calledBy: string, options: Partial<Hook> = {}): Hook {
  const run = async (test: Case): Promise<void> => {
    const protocol = new Subject();
    protocol.hooks[method] = test.act;
    const relay = new ProcessRelay({
      protocol,
      executable: "program",
      logsErrors: true,
      isWritable: true,
      lost: () => {},
    });
    await runChild(relay);
    assertEquals(protocol.losses, 1, "connectionLost was not called exactly once");
  };
  return {
    name: method,
    where: "of a process endpoint",
    calledBy,
    documented: [],
    run,
    ...options,
  };
}

export const PROCESS_HOOKS: readonly Hook[] = [
  processHook("makeConnection", [
    "IProcessProtocol.makeConnection",
    "ProcessProtocol.makeConnection",
  ]),
  calledBy("makeConnection", "connectionMade"),
  processHook("childDataReceived", [
    "IProcessProtocol.childDataReceived",
    "ProcessProtocol.childDataReceived",
  ]),
  calledBy("childDataReceived", "outReceived"),
  calledBy("childDataReceived", "errReceived"),
  processHook("childConnectionLost", [
    "IProcessProtocol.childConnectionLost",
    "ProcessProtocol.childConnectionLost",
  ]),
  calledBy("childConnectionLost", "inConnectionLost"),
  calledBy("childConnectionLost", "outConnectionLost"),
  calledBy("childConnectionLost", "errConnectionLost"),
  processHook("processExited", ["IProcessProtocol.processExited", "ProcessProtocol.processExited"]),
  processHook("processEnded", ["IProcessProtocol.processEnded", "ProcessProtocol.processEnded"]),
  processHook("logPrefix", ["IProcessProtocol.logPrefix", "ProcessProtocol.logPrefix"], {
    answers: true,
  }),
  connectionHook("makeConnection", "makeConnection"),
  connectionHook("dataReceived", "childDataReceived"),
  connectionHook("readConnectionLost", "childConnectionLost"),
  connectionHook("writeConnectionLost", "childConnectionLost"),
  connectionHook("connectionLost", "processEnded"),
  connectionHook("logPrefix", "logPrefix", { answers: true }),
];
