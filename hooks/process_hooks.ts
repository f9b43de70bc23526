/**
 * The methods of a process protocol, over pipes in memory.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { callWithSystem, msg } from "../log/mod.ts";
import { ProcessProtocol } from "../protocol/mod.ts";
import { Peer, TestHost } from "../reactor/conformance/connection_bed.ts";
import { connectionLimits } from "../reactor/connection_limits.ts";
import { memoryPipe } from "../reactor/memory_driver.ts";
import type { ChildStatus } from "../reactor/process/child_driver.ts";
import { ChildProcess } from "../reactor/process/child_process.ts";
import type { Case, Hook } from "./hook.ts";

/** Starts a child that writes to both outputs, closes its pipes and exits. */
async function runChild(test: Case, method: keyof ProcessProtocol & string): Promise<void> {
  const host = new TestHost();
  const pipes = [0, 1, 2].map((childFD) => {
    const [driver, there] = memoryPipe({ schedule: (step) => host.steps.push(step) });
    return { childFD, isWritable: childFD === 0, driver, peer: new Peer(there) };
  });
  let exited: (status: ChildStatus) => void = () => {};
  let ends = 0;
  const protocol = Object.assign(new ProcessProtocol(), {
    processEnded: () => void ends++,
    [method]: method === "processEnded" ? () => (ends++, test.act()) : test.act,
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
  // Has the log ask for the name of the protocol.
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
  assertEquals(ends, 1, "processEnded did not come exactly once");
  assertEquals(host.resources.size, 0, "a resource is left");
  assertEquals(host.reactor.getDelayedCalls(), [], "a timed call is left");
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
    run: (test) => runChild(test, method),
    ...options,
  };
}

function calledBy(caller: string, method: keyof ProcessProtocol & string): Hook {
  return processHook(method, [`ProcessProtocol.${method}`], { calledBy: caller });
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
];
