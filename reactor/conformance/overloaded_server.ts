/**
 * A greeting server for `overload.ts`, which starts it with few file descriptors. Arguments: the module of a reactor's class, and its name.
 *
 * It prints its port, what is logged about accepting, and at the end how many connections it had. It stops when its standard input ends.
 *
 * @module
 */

import { addObserver } from "../../log/mod.ts";
import { Factory, Protocol } from "../../protocol/mod.ts";
import type { IReactor } from "../interfaces.ts";
import { portOf } from "./tcp_bed.ts";

let connections = 0;

class Greeter extends Protocol {
  override connectionMade(): void {
    connections++;
    this.transport.write("hello");
  }
}

const [module = "", name = ""] = Deno.args;
// Whoever starts this program says what is in the module.
const { [name]: Reactor } = await import(module) as Record<string, new () => IReactor>;
if (Reactor === undefined) throw new Error(`There is no ${name} in ${module}`);

addObserver(({ message, isError }) => {
  if (isError || message.startsWith("Accepting ")) console.log(`logged ${message}`);
});

const reactor = new Reactor();
const port = reactor.listenTCP(0, Factory.forProtocol(Greeter), { interface: "127.0.0.1" });
const running = reactor.run();
console.log(`port ${portOf(port.getHost())}`);
for await (const _ of Deno.stdin.readable);
reactor.stop();
await running;
console.log(`connections ${connections}`);
