/**
 * Custom streams in place of standard input and output.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Factory, Protocol } from "../../protocol/mod.ts";
import { DenoReactor } from "../../reactor/drivers/deno/reactor.ts";
import { ConnectionDone } from "../../reactor/errors.ts";
import type { IByteSink, IByteSource } from "../../reactor/interfaces/mod.ts";
import { type Case, type Hook, hostTurn } from "./hook.ts";

/** Opens a connection over streams, one of which fails, writes to it, and closes it. */
async function communicate(
  test: Case,
  method: keyof IByteSource | keyof IByteSink,
): Promise<void> {
  const reactor = new DenoReactor();
  const streams = {
    read: () => new Promise<number | null>(() => {}),
    close: () => {},
    write: ({ length }: Uint8Array) => Promise.resolve(length),
    [method]: test.act,
  };
  let losses = 0;
  class Greeting extends Protocol {
    override connectionMade(): void {
      this.transport.write("hello");
    }
    override connectionLost(reason: Error): void {
      losses++;
      if (!(reason instanceof ConnectionDone) && !isStopping) test.received(reason);
    }
  }
  let isStopping = false;
  const factory = Factory.forProtocol(Greeting);
  const port = reactor.listenStandardIO(factory, { stdin: streams, stdout: streams });
  const running = reactor.run({ installSignalHandlers: false });
  await hostTurn();
  await hostTurn();
  isStopping = true;
  port.stopListening();
  // The connection waits for a pending write without a limit. If the write never completes, only
  // crash() ends the reactor.
  if (method === "write" && !test.wrong.fails) return reactor.crash();
  reactor.stop();
  await running;
  assertEquals(losses, 1, "connectionLost was not called exactly once");
}

function streamHook(
  method: keyof IByteSource | keyof IByteSink,
  documented: string,
  reports: Hook["reports"],
): Hook {
  return {
    name: method,
    where: "of a stream for standard input and output",
    documented: [documented],
    reports: reports ?? "log",
    run: (test) => communicate(test, method),
    refuses: {
      option: method === "write" ? "stdout" : "stdin",
      give: (stream) => {
        const options = method === "write" ? { stdout: stream } : { stdin: stream };
        return new DenoReactor().listenStandardIO(new Factory(), options);
      },
    },
  };
}

export const STDIO_HOOKS: readonly Hook[] = [
  streamHook("read", "IByteSource.read", "caller"),
  streamHook("write", "IByteSink.write", "caller"),
  streamHook("close", "IByteSource.close", "log"),
];
