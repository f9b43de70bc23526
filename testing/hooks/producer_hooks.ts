/**
 * The methods of a producer that is registered with a connection.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Protocol } from "../../protocol/mod.ts";
import type { IConsumer } from "../../reactor/interfaces/mod.ts";
import { checkClean, connectedServerAndClient, flushLoggedErrors, TestPeer } from "../mod.ts";
import type { Case, Hook } from "./hook.ts";

interface Producer {
  pauseProducing(): void;
  resumeProducing(): void;
  stopProducing(): void;
}

type Register = (consumer: IConsumer, producer: Producer) => void;

const push: Register = (consumer, producer) => consumer.registerProducer(producer, true);
const pull: Register = (consumer, producer) => consumer.registerProducer(producer, false);

/**
 * Registers a producer that fails, makes the connection call it, and checks that the connection
 * ends once.
 */
async function produce(
  test: Case,
  method: keyof Producer,
  register: Register,
  isLost = false,
): Promise<void> {
  const nothing = (): void => {};
  const producer = {
    pauseProducing: nothing,
    resumeProducing: nothing,
    stopProducing: nothing,
    [method]: test.act,
  };
  let losses = 0;
  const protocol = Object.assign(new Protocol(), { connectionLost: () => void losses++ });
  const run = checkClean(async () => {
    using pair = connectedServerAndClient(protocol, TestPeer, {
      capacity: 16,
      serverOptions: { writeBufferHighWater: 64 },
    });
    const { serverTransport, pump } = pair;
    if (isLost) {
      serverTransport.abortConnection();
      await pump.pumpUntilIdle();
    }
    register(serverTransport, producer);
    serverTransport.write("x".repeat(128));
    await pump.pumpUntilIdle();
    if (test.wrong.fails && method !== "stopProducing") {
      assertEquals(losses, 1, "the connection was not lost");
    }
    serverTransport.abortConnection();
    await pump.pumpUntilIdle();
    assertEquals(losses, 1, "connectionLost was not called exactly once");
    flushLoggedErrors();
  });
  await run();
}

function producerHook(
  name: keyof Producer,
  where: string,
  documented: readonly string[],
  register: Register,
  isLost = false,
): Hook {
  return {
    name,
    where,
    documented,
    run: (test) => produce(test, name, register, isLost),
    refuses: {
      option: "the producer",
      give: (producer) => {
        using pair = connectedServerAndClient(Protocol, TestPeer);
        register(pair.serverTransport, producer);
      },
    },
  };
}

export const PRODUCER_HOOKS: readonly Hook[] = [
  producerHook("pauseProducing", "of a push producer", ["IPushProducer.pauseProducing"], push),
  producerHook("resumeProducing", "of a push producer", ["IPushProducer.resumeProducing"], push),
  producerHook("stopProducing", "of a push producer", ["IPushProducer.stopProducing"], push),
  producerHook("resumeProducing", "of a pull producer", ["IPullProducer.resumeProducing"], pull),
  producerHook("stopProducing", "of a pull producer", ["IPullProducer.stopProducing"], pull),
  producerHook("stopProducing", "of a producer for a lost connection", [], push, true),
];
