/**
 * Torsion: event-driven networking for Deno, after Python's Twisted.
 *
 * The everyday names, re-exported from their own entry points: `./reactor` (the event loop and its connections), `./defer` (Deferreds),
 * `./task` (looping calls, cooperative tasks, a program's main function, a clock for tests), `./protocol` (protocols and factories),
 * `./endpoints` (where to listen and what to connect to) and `./log` (as the namespace `log`).
 *
 * @example A server that greets
 * ```ts no-eval
 * import { Protocol, reactor, ServerFactory, TCP4ServerEndpoint } from "@torsion/reactor";
 *
 * class Greeter extends Protocol {
 *   override connectionMade() {
 *     this.transport.write("Hello Twisted");
 *     this.transport.loseConnection();
 *   }
 * }
 *
 * await new TCP4ServerEndpoint(reactor, 2000).listen(ServerFactory.forProtocol(Greeter));
 * await reactor.run();
 * ```
 *
 * @module
 */

export * from "./defer/mod.ts";
export * from "./endpoints/mod.ts";
export * as log from "./log/mod.ts";
export * from "./protocol/mod.ts";
export * from "./reactor/mod.ts";
export * from "./task/mod.ts";
