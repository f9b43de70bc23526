/**
 * The method of a protocol that receives file descriptors.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { memoryPipe } from "../../reactor/drivers/memory/memory_driver.ts";
import { connectionLimits } from "../../reactor/stream/connection_limits.ts";
import { connectionOver } from "../../reactor/stream/unix_connection.ts";
import { isUNIXDriverSink } from "../../reactor/stream/unix_driver.ts";
import { Peer, TestHost } from "../fixtures/connection_fixture.ts";
import type { Case, Hook } from "./hook.ts";
import { Subject } from "./protocol_hooks.ts";

/** Passes a descriptor to a protocol that fails, and checks who owns it afterwards. */
async function receive(test: Case): Promise<void> {
  const host = new TestHost();
  const [end, other] = memoryPipe({ schedule: (step) => host.steps.push(step) });
  void new Peer(other);
  const driver = Object.assign(end, {
    queuedDescriptors: 0,
    sendFileDescriptor: () => {},
    getPeerCredentials: () => null,
  });
  const subject = Object.assign(new Subject(), {
    fileDescriptorReceived: (_fileDescriptor: number): void => test.act(),
  });
  const owner = {
    context: host,
    limits: connectionLimits({}),
    logSuffix: () => "7,192.0.2.2",
    connectionLost: () => {},
  };
  const connection = connectionOver(owner, driver, subject);
  connection.open();
  let isTaken = true;
  if (isUNIXDriverSink(connection)) isTaken = connection.fileDescriptorReceived(7);
  // The protocol owns the descriptor if its method has returned, be it with a promise.
  assertEquals(isTaken, !test.wrong.throws);
  for (let i = 0; i < 50; i++) {
    host.settle();
    await null;
  }
  if (test.wrong.fails) assertEquals(subject.losses, 1, "the connection was not lost");
  connection.abortConnection();
  host.settle();
  assertEquals(subject.losses, 1, "connectionLost was not called exactly once");
  assertEquals(host.resources.size, 0, "a resource is still open");
}

/** The rows of protocols that receive file descriptors. */
export const DESCRIPTOR_HOOKS: readonly Hook[] = [{
  name: "fileDescriptorReceived",
  documented: ["IFileDescriptorReceiver.fileDescriptorReceived"],
  run: receive,
}];
