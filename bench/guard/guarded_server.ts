/**
 * The server whose work `guard.ts` counts: it echoes messages on one port, and greets and closes
 * the connections that arrive on another.
 *
 * A message that is `!` ends a phase. It is answered with the size of the heap, after a system call
 * that can be found in a trace.
 *
 * Usage: `deno run -A bench/guard/guarded_server.ts REACTOR`
 *
 * @module
 */

import { Factory, Protocol } from "../../mod.ts";
import { reactorOf } from "../host_reactors.ts";
import { MARK, PHASE_END } from "./phases.ts";

class Echo extends Protocol {
  override connectionMade(): void {
    this.transport.setTcpNoDelay(true);
  }

  override dataReceived(data: Uint8Array): void {
    if (data[0] === PHASE_END) endPhase(this);
    else this.transport.write(data);
  }
}

function endPhase({ transport }: Protocol): void {
  try {
    Deno.statSync(MARK);
  } catch (error) {
    // The file does not exist: only the call is needed.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  transport.write(`${Deno.memoryUsage().heapUsed}\n`);
}

class Hello extends Protocol {
  override connectionMade(): void {
    this.transport.write("Hello Twisted");
    this.transport.loseConnection();
  }
}

const reactor = reactorOf(Deno.args[0]);
const options = { interface: "127.0.0.1" };
const echo = reactor.listenTCP(0, Factory.forProtocol(Echo), options);
const hello = reactor.listenTCP(0, Factory.forProtocol(Hello), options);
console.log(`${echo.getHost().port} ${hello.getHost().port} ${Deno.pid}`);
await reactor.run();
